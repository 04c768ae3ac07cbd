"""Writes `index/embedding/minilm.onnx`: how MiniLM computes, without its weights.

The graph names each weight by its place in the published `model.safetensors`, which onnxruntime
maps into memory from where the model is installed. Run it with the `onnx` package installed:
`python scripts/minilm_graph.py MODEL_FOLDER`. The architecture is BERT's (Devlin et al. 2018,
arXiv 1810.04805), with onnxruntime's fused operators for attention, GELU and layer norm.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, StringStringEntryProto, TensorProto, helper

GRAPH = Path(__file__).parent.parent / "index" / "embedding" / "minilm.onnx"
_WEIGHTS = "model.safetensors"
_ONNX_TYPES = {"F32": TensorProto.FLOAT, "I64": TensorProto.INT64}
_CONTRIB = "com.microsoft"


class GraphBuilder:
    """Collects nodes and weights; each method adds nodes and returns the name of their output."""

    def __init__(self, folder: Path) -> None:
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        self.nodes = list[NodeProto]()
        self.initializers = dict[str, TensorProto]()
        with (folder / _WEIGHTS).open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            self._header: dict[str, Any] = json.loads(file.read(size))
        self._start = 8 + size

    def weight(self, name: str) -> str:
        """A tensor of the weights' file, read from where it lies there."""
        entry = self._header[name]
        start, end = entry["data_offsets"]
        tensor = TensorProto(
            name=name,
            dims=entry["shape"],
            data_type=_ONNX_TYPES[entry["dtype"]],
            data_location=TensorProto.EXTERNAL,
        )
        place = {"location": _WEIGHTS, "offset": self._start + start, "length": end - start}
        for key, value in place.items():
            tensor.external_data.append(StringStringEntryProto(key=key, value=str(value)))
        self.initializers[name] = tensor
        return name

    def constant(self, name: str, values: list[int]) -> str:
        """A small vector of integers that stands in the graph."""
        self.initializers[name] = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """One operator."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def linear(self, source: str, weights: str, output: str) -> str:
        """`source` (rows, in) times the transposed weights, plus the bias: (rows, out)."""
        pair = [self.weight(f"{weights}.weight"), self.weight(f"{weights}.bias")]
        return self.node("Gemm", [source, *pair], output, transB=1)

    def add_and_norm(self, source: str, skip: str, weights: str, output: str) -> str:
        """Layer norm of a sum. onnxruntime's operator for both takes four times as long."""
        pair = [self.weight(f"{weights}.weight"), self.weight(f"{weights}.bias")]
        total = self.node("Add", [source, skip], f"{output}.sum")
        epsilon = self.config["layer_norm_eps"]
        return self.node("LayerNormalization", [total, *pair], output, epsilon=epsilon)

    def attention(self, projected: list[str], mask: str, output: str) -> str:
        """Attention among the tokens of each text; without a mask, where no text is padded, it
        takes two thirds of the time.
        """
        heads = self.config["num_attention_heads"]
        branches = {}
        for branch, inputs in (("then", projected), ("else", [*projected, "", mask])):
            found = f"{output}.{branch}"
            node = helper.make_node(
                "MultiHeadAttention", inputs, [found], name=found, domain=_CONTRIB, num_heads=heads
            )
            value = helper.make_tensor_value_info(
                found, TensorProto.FLOAT, ["texts", "length", self.config["hidden_size"]]
            )
            branches[f"{branch}_branch"] = helper.make_graph([node], found, [], [value])
        return self.node("If", ["full"], output, **branches)


def build(folder: Path) -> ModelProto:
    """Inputs `ids` and `mask`, both int64 (texts, tokens); outputs `tokens` (texts, tokens,
    dimension) and `means` (texts, dimension), the mean over tokens that the mask keeps.
    """
    graph = GraphBuilder(folder)
    hidden = graph.config["hidden_size"]
    graph.constant("rows", [-1, hidden])
    shape = graph.node("Shape", ["ids"], "shape")
    batch = graph.node("Concat", [shape, graph.constant("width", [hidden])], "batch", axis=0)
    mask = graph.node("Cast", ["mask"], "mask32", to=TensorProto.INT32)
    graph.node("ReduceMin", [mask], "least", keepdims=0)
    graph.node("Cast", ["least"], "full", to=TensorProto.BOOL)
    current = _embeddings(graph, shape, batch)
    for layer in range(graph.config["num_hidden_layers"]):
        current = _layer(graph, layer, current, batch, mask)
    tokens = graph.node("Reshape", [current, batch], "tokens")
    _means(graph, tokens)
    float_, int_ = TensorProto.FLOAT, TensorProto.INT64
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "minilm",
            [helper.make_tensor_value_info(n, int_, ["texts", "length"]) for n in ("ids", "mask")],
            [
                helper.make_tensor_value_info("tokens", float_, ["texts", "length", hidden]),
                helper.make_tensor_value_info("means", float_, ["texts", hidden]),
            ],
            list(graph.initializers.values()),
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(_CONTRIB, 1)],
        ir_version=8,
    )


def _embeddings(graph: GraphBuilder, shape: str, batch: str) -> str:
    """Word, position and type embeddings, summed and normalized: (rows, hidden)."""
    words = graph.node(
        "Gather", [graph.weight("embeddings.word_embeddings.weight"), "ids"], "words"
    )
    zero, one, two = (graph.constant(str(number), [number]) for number in (0, 1, 2))
    length = graph.node("Slice", [shape, one, two, zero], "length_of_texts")
    places_table = graph.weight("embeddings.position_embeddings.weight")
    places = graph.node("Slice", [places_table, zero, length, zero], "places")
    kinds = graph.weight("embeddings.token_type_embeddings.weight")
    first_kind = graph.node("Slice", [kinds, zero, one, zero], "first_kind")
    added = graph.node("Add", [places, first_kind], "places_and_kind")
    spread = graph.node("Expand", [added, batch], "spread_places")
    return graph.add_and_norm(
        graph.node("Reshape", [words, "rows"], "word_rows"),
        graph.node("Reshape", [spread, "rows"], "place_rows"),
        "embeddings.LayerNorm",
        "embedded",
    )


def _layer(graph: GraphBuilder, layer: int, source: str, batch: str, mask: str) -> str:
    """Self-attention and feed-forward of one layer: (rows, hidden) to the same."""
    weights, at = f"encoder.layer.{layer}", f"layer{layer}"
    projected = [
        graph.node(
            "Reshape",
            [graph.linear(source, f"{weights}.attention.self.{part}", f"{at}.{part}"), batch],
            f"{at}.{part}.batch",
        )
        for part in ("query", "key", "value")
    ]
    attended = graph.attention(projected, mask, f"{at}.attention")
    rows = graph.node("Reshape", [attended, "rows"], f"{at}.attention.rows")
    mixed = graph.linear(rows, f"{weights}.attention.output.dense", f"{at}.mixed")
    seen = graph.add_and_norm(mixed, source, f"{weights}.attention.output.LayerNorm", f"{at}.seen")
    wide = graph.linear(seen, f"{weights}.intermediate.dense", f"{at}.wide")
    active = graph.node("Gelu", [wide], f"{at}.active", domain=_CONTRIB)
    narrow = graph.linear(active, f"{weights}.output.dense", f"{at}.narrow")
    return graph.add_and_norm(narrow, seen, f"{weights}.output.LayerNorm", f"{at}.out")


def _means(graph: GraphBuilder, tokens: str) -> None:
    kept = graph.node("Cast", ["mask"], "mask_float", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", [kept, graph.constant("last", [2])], "mask_column")
    masked = graph.node("Mul", [tokens, column], "masked")
    total = graph.node("ReduceSum", [masked, "1"], "total", keepdims=0)
    count = graph.node("ReduceSum", [kept, "1"], "count", keepdims=1)
    graph.node("Div", [total, count], "means")


def main() -> None:
    """Write the graph for the model in the folder that the command line names."""
    model = build(Path(sys.argv[1]))
    GRAPH.write_bytes(model.SerializeToString(deterministic=True))
    sys.stdout.write(f"{GRAPH}: {GRAPH.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
