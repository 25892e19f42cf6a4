"""Studies: pipelines compared over a set of models, by figures with their uncertainty."""

from .records import ORIGINAL, PipelineStudy, PipelineSummary, StudyRow
from .statistics import FEWEST, Estimate, geometric_mean, median

__all__ = [
    "FEWEST",
    "ORIGINAL",
    "Estimate",
    "PipelineStudy",
    "PipelineSummary",
    "StudyRow",
    "geometric_mean",
    "median",
]
