"""Pretrained decoders: GPT-2, Llama and Qwen2 weights, read from safetensors or GGUF."""
