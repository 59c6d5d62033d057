"""What int8 leaves of a graph."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training is an extra: pip install -e '.[train]'")

from pipeline.training.export import _by_row, to_int8  # noqa: E402

# The exporter warns of its own future.
pytestmark = pytest.mark.filterwarnings("default")


def test_a_piece_with_large_values_does_not_coarsen_the_others(tmp_path):
    torch.manual_seed(3)
    layer = torch.nn.Linear(64, 32)
    values = torch.randn(1, 16, 64)
    values[0, 2] *= 30

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, values):
            return torch.nn.functional.linear(values, self.layer.weight) + self.layer.bias

    class ByRow(Plain):
        def forward(self, values):
            return _by_row(self.layer, values, values.abs().amax(-1, keepdim=True))

    wrong = {}
    with torch.inference_mode():
        right = layer(values).numpy()
        for module in (Plain(), ByRow()):
            name = type(module).__name__
            full, int8 = tmp_path / f"{name}.onnx", tmp_path / f"{name}8.onnx"
            torch.onnx.export(module, (values,), str(full), input_names=["values"], opset_version=17, dynamo=False)
            to_int8(full, int8)
            (found,) = onnxruntime.InferenceSession(int8).run(None, {"values": values.numpy()})
            wrong[name] = np.abs(np.delete(found - right, 2, axis=1)).mean()
    assert wrong["ByRow"] < wrong["Plain"] / 4
