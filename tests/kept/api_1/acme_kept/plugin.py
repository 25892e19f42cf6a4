"""Registers one thing of every kind, and implements every hook."""

from passmgr import hookimpl

PASSMGR_API = 1
SEEN = []


@hookimpl
def passmgr_register(registry):
    registry.add_pass("kept-drop-dropout", "acme_kept.passes:drop_dropout", summary="Drop.")
    registry.add_pass("kept-split-relu", "acme_kept.passes:SplitRelu", summary="Split.")
    registry.add_pass("kept-rule", "acme_kept.passes:DoubleNot", summary="Rule.")
    registry.add_pass("kept-function", "acme_kept.passes:FUNCTION", summary="Foreign.")
    registry.add_pass("kept-onnx-ir", "acme_kept.passes:ONNX_IR", summary="Foreign.")
    registry.add_pass("kept-rule-set", "acme_kept.passes:RULE_SET", summary="Foreign.")
    registry.add_analysis("kept-count", "acme_kept.facts:Count", summary="Count.")
    registry.add_analysis("kept-share", "acme_kept.facts:Share", summary="Share.")
    registry.add_fact("kept-no-relu", "acme_kept.facts:NO_RELU", summary="No Relu.")
    registry.add_fact_family("kept-fewer-than:", "acme_kept.facts:FEWER", summary="Few nodes.")
    registry.add_frontend(
        "kept", "acme_kept.bridges:Frontend", suffixes=[".kept"], summary="Kept files."
    )
    registry.add_emitter(
        "kept", "acme_kept.bridges:Emitter", suffixes=[".kept"], summary="Kept files."
    )
    registry.add_runtime("kept", "acme_kept.bridges:Runtime", summary="Another runtime.")
    registry.add_pipeline(
        "kept",
        "kept-drop-dropout, kept-split-relu{limit=3, kinds=[a, b]}, kept-rule, kept-function",
        summary="All of it.",
    )


@hookimpl
def passmgr_pipeline_point(point):
    return ["kept-drop-dropout"] if point == "kept:end" else []


@hookimpl
def passmgr_before_pass(step, model):
    SEEN.append(("before", step.pass_.name, len(model.graph)))


@hookimpl
def passmgr_after_pass(step, model, record):
    SEEN.append(("after", step.pass_.name, record.status))


@hookimpl
def passmgr_pass_failed(step, model, error):
    SEEN.append(("failed", step.pass_.name, str(error)))


@hookimpl
def passmgr_remark(remark):
    SEEN.append(("remark", remark.pass_name, remark.code))


@hookimpl
def passmgr_verify(model):
    return ["it is forbidden"] if model.graph.doc_string == "forbidden" else []
