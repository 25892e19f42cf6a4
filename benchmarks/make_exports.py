"""Export BERT-base and ResNet-50 from PyTorch to ONNX files for ``exports.py``.

Needs ``torch`` and ``transformers``, which passmgr itself does not. The architectures are those of
``transformers`` by default; the weights are drawn at random, so that nothing is downloaded and no
two weights are equal, as in a trained model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch.export import Dim
from transformers import BertConfig, BertModel, ResNetConfig, ResNetForImageClassification


class _Fields(torch.nn.Module):
    """Returns some fields of what a model of ``transformers`` returns, by position."""

    def __init__(self, model: torch.nn.Module, fields: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.fields = fields
        self.eval()

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outputs = self.model(*inputs)
        return tuple(outputs[field] for field in self.fields)


def _draw_weights(model: torch.nn.Module) -> None:
    """Draw every weight anew: biases of zero and scales of one would all be duplicates."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif tensor.is_floating_point():
                tensor.normal_(0.0, 0.02)


def export_bert(path: Path) -> None:
    """Export BERT-base with open batch and sequence."""
    model = BertModel(BertConfig())
    _draw_weights(model)
    batch, sequence = Dim("batch"), Dim("sequence", max=512)
    ids = torch.ones(2, 16, dtype=torch.int64)
    torch.onnx.export(
        _Fields(model, ("last_hidden_state", "pooler_output")),
        (ids, ids, ids),
        path,
        dynamo=True,
        external_data=False,
        input_names=["input_ids", "attention_mask", "token_type_ids"],
        output_names=["last_hidden_state", "pooler_output"],
        dynamic_shapes=(tuple({0: batch, 1: sequence} for _ in range(3)),),
    )


def export_resnet(path: Path) -> None:
    """Export ResNet-50 with open batch."""
    model = ResNetForImageClassification(ResNetConfig(num_labels=1000))
    _draw_weights(model)
    torch.onnx.export(
        _Fields(model, ("logits",)),
        (torch.ones(2, 3, 224, 224),),
        path,
        dynamo=True,
        external_data=False,
        input_names=["pixel_values"],
        output_names=["logits"],
        dynamic_shapes=(({0: Dim("batch")},),),
    )


def main() -> None:
    """Write ``bert_base.onnx`` and ``resnet50.onnx``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the two files")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    export_bert(folder / "bert_base.onnx")
    export_resnet(folder / "resnet50.onnx")


if __name__ == "__main__":
    main()
