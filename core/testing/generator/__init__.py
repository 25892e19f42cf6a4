"""What the model generator is made of: sizes, the builder, and how to write each operator."""
