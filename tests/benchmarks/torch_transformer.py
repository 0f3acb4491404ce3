"""The same transformer in PyTorch, written as its users would: the baseline of speed."""

import torch
import torch.nn.functional as F
from torch import nn

from collapse_sim.language.transformer import TransformerConfig


class Layer(nn.Module):
    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.heads, self.width = config.heads, config.width
        self.before_attention = nn.RMSNorm(config.width, eps=1e-6)
        self.query_key_value = nn.Linear(config.width, 3 * config.width, bias=False)
        self.attended = nn.Linear(config.width, config.width, bias=False)
        self.before_network = nn.RMSNorm(config.width, eps=1e-6)
        self.widen = nn.Linear(config.width, config.inner, bias=False)
        self.narrow = nn.Linear(config.inner, config.width, bias=False)

    def forward(self, x, turns, cache=None):
        batch, time, _ = x.shape
        q, k, v = self.query_key_value(self.before_attention(x)).split(self.width, dim=2)
        q, k, v = (y.view(batch, time, self.heads, -1).transpose(1, 2) for y in (q, k, v))
        q, k = rotate(q, *turns), rotate(k, *turns)
        if cache is not None:
            cache.append((k, v))
            if len(cache) > 1:
                k, v = (torch.cat(parts, dim=2) for parts in zip(*cache, strict=True))
                cache[:] = [(k, v)]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=time > 1)
        x = x + self.attended(mixed.transpose(1, 2).reshape(batch, time, -1))
        inner = F.gelu(self.widen(self.before_network(x)), approximate="tanh")
        return x + self.narrow(inner)


class TorchTransformer(nn.Module):
    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, start=0, caches=None):
        half = self.config.head_width // 2
        positions = torch.arange(start, start + tokens.shape[1], device=tokens.device)
        frequencies = 10_000.0 ** (-torch.arange(half, device=tokens.device) / half)
        angles = positions[:, None] * frequencies
        x = self.embedding(tokens)
        turns = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        for i, layer in enumerate(self.layers):
            x = layer(x, turns, None if caches is None else caches[i])
        return self.norm(x) @ self.embedding.weight.T


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def loss_of(model, tokens):
    logits = model(tokens)[:, :-1]
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]).float(), tokens[:, 1:].reshape(-1))


class Trainer:
    """AdamW with clipping, as in collapse_sim's Training."""

    def __init__(self, config: TransformerConfig, *, compiled: bool = False, device: str = "cpu"):
        self.model = TorchTransformer(config).to(device)
        self.loss = torch.compile(loss_of) if compiled else loss_of
        self.half = device != "cpu"
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
        fused = {"fused": True} if device != "cpu" else {}
        self.optimizer = torch.optim.AdamW(groups, lr=3e-3, betas=(0.9, 0.95), **fused)

    def step(self, tokens):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=self.half):
            loss = self.loss(self.model, tokens)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss


@torch.no_grad()
def sample(model, prompts, time: int, *, cached: bool):
    """Sequences of `time` tokens from the model's own law."""
    tokens = prompts
    caches = [[] for _ in model.layers] if cached else None
    while tokens.shape[1] < time:
        if cached:
            logits = model(tokens[:, -1:], tokens.shape[1] - 1, caches)[:, -1]
        else:
            logits = model(tokens)[:, -1]
        drawn = torch.multinomial(torch.softmax(logits.float(), -1), 1)
        tokens = torch.cat([tokens, drawn], dim=1)
    return tokens
