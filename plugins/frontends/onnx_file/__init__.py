"""frontends/onnx_file"""
