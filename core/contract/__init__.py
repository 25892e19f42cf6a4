"""What the author of a plugin touches; small, documented, stable."""

from .adapters import from_function, from_model_proto, from_onnx_ir, from_rule_set
from .analysis import Analysis, AnalysisContext
from .aspects import Aspect
from .bridges import Emitter, Frontend, Runtime, Session, ValueInfo
from .compatibility import API_VERSION, PluginDeprecation
from .context import PassContext
from .effects import Approximate, Effect, Exact, Lossy
from .facts import Fact, FactFamily
from .options import (
    OptionSpec,
    non_default_options,
    option,
    option_specs,
    validate_options,
)
from .passes import (
    PASS_NAME,
    ForeignPass,
    Order,
    Pass,
    RulePass,
    combine_effects,
    is_lossy,
    pass_,
)
from .remarks import Remark, RemarkKind
from .touches import Touches, ops

__all__ = [
    "API_VERSION",
    "PASS_NAME",
    "Analysis",
    "AnalysisContext",
    "Approximate",
    "Aspect",
    "Effect",
    "Emitter",
    "Exact",
    "Fact",
    "FactFamily",
    "ForeignPass",
    "Frontend",
    "Lossy",
    "OptionSpec",
    "Order",
    "Pass",
    "PassContext",
    "PluginDeprecation",
    "Remark",
    "RemarkKind",
    "RulePass",
    "Runtime",
    "Session",
    "Touches",
    "ValueInfo",
    "combine_effects",
    "from_function",
    "from_model_proto",
    "from_onnx_ir",
    "from_rule_set",
    "is_lossy",
    "non_default_options",
    "ops",
    "option",
    "option_specs",
    "pass_",
    "validate_options",
]
