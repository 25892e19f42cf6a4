"""A front end, an emitter and a runtime."""

import contextlib

import onnx
import onnx_ir as ir
from passmgr.core.contract import ValueInfo
from passmgr.core.errors import ModelError, OutputError, RuntimeFailure


class Frontend:
    """Read files of the kept format, which are ONNX files."""

    name = "kept"
    suffixes = (".kept",)

    def load(self, source):
        try:
            proto = onnx.ModelProto.FromString(source.read_bytes())
            if not proto.HasField("graph"):
                raise ModelError(f"'{source}' has no graph")
            return ir.from_proto(proto)
        except OSError as error:
            raise ModelError(f"'{source}' cannot be read: {error.strerror}") from error
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"'{source}' is no model") from error


class Emitter:
    """Write files of the kept format."""

    name = "kept"
    suffixes = (".kept",)

    def emit(self, model, path, *, check=None):
        temporary = path.with_name(f"part-{path.name}")
        try:
            temporary.write_bytes(ir.to_proto(model).SerializeToString(deterministic=True))
            if check is not None:
                check(temporary)
            temporary.replace(path)
        except OSError as error:
            raise OutputError(f"'{path}' cannot be written: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


class Session:
    """A model loaded by ONNX Runtime."""

    def __init__(self, data):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.disable_prepacking", "1")
        self.loaded = onnxruntime.InferenceSession(data, options)
        self.inputs = [self.info(item) for item in self.loaded.get_inputs()]
        self.outputs = [self.info(item) for item in self.loaded.get_outputs()]

    def info(self, item):
        return ValueInfo(item.name, item.type, None)

    def run(self, feed, outputs=None):
        names = [info.name for info in self.outputs] if outputs is None else list(outputs)
        try:
            return self.loaded.run(names, dict(feed))
        except Exception as error:
            raise RuntimeFailure("kept: " + " ".join(str(error).split())) from error


class Runtime:
    """Run models by ONNX Runtime."""

    name = "kept"

    def session(self, model, *, optimize=False, threads=1):
        if isinstance(model, ir.Model):
            model = ir.to_proto(model).SerializeToString()
        elif not isinstance(model, bytes):
            model = str(model)
        try:
            return Session(model)
        except Exception as error:
            raise RuntimeFailure("kept: " + " ".join(str(error).split())) from error
