"""emitters/onnx_file"""
