"""The teacher: all-MiniLM-L6-v2 as an ONNX graph made from its published weights.

Nothing but the weights is needed, so that no framework has to be installed to
repeat a distillation. The graph is BERT (Devlin et al. 2018) with 6 layers,
followed by the mean over tokens that sentence-transformers prescribes for it.
"""

import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

CLS, SEP, PAD, UNKNOWN = 101, 102, 0, 100


class Teacher:
    """Embeds passages as the model in a folder does: unit vectors of 384 numbers."""

    def __init__(self, folder, threads=2):
        self.config = json.load(open(os.path.join(folder, "config.json")))
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        graph = build(load_file(os.path.join(folder, "model.safetensors")), self.config)
        self.session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def tokens(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def embed(self, rows):
        """Embeds lists of token numbers, without the special ones."""
        longest = max(len(r) for r in rows) + 2
        ids = np.full((len(rows), longest), PAD, np.int64)
        mask = np.zeros((len(rows), longest), np.float32)
        for i, row in enumerate(rows):
            ids[i, : len(row) + 2] = [CLS, *row, SEP]
            mask[i, : len(row) + 2] = 1
        out = self.session.run(None, {"ids": ids, "mask": mask})[0]
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def build(weights, config):
    """Builds the graph: ids and mask of any batch and length to mean vectors."""
    heads, width = config["num_attention_heads"], config["hidden_size"]
    g = Graph({k: v for k, v in weights.items() if v.dtype.kind == "f"})
    x = g.op("Gather", g.weight("embeddings.word_embeddings.weight"), "ids")
    length = g.op("Gather", g.op("Shape", "ids"), g.const(np.array([1], np.int64)))
    positions = g.op("Slice", g.weight("embeddings.position_embeddings.weight"), g.const(np.array([0], np.int64)), length)
    kind = g.const(weights["embeddings.token_type_embeddings.weight"][0].astype(np.float32))
    x = g.norm(g.op("Add", g.op("Add", x, positions), kind), "embeddings.LayerNorm")
    # absent tokens get so low a weight in the softmax that they count for nothing
    absent = g.op("Unsqueeze", g.op("Mul", g.op("Sub", g.const(np.float32(1)), "mask"), g.const(np.float32(-1e9))), g.const(np.array([1, 2], np.int64)))
    for i in range(config["num_hidden_layers"]):
        x = layer(g, x, f"encoder.layer.{i}.", absent, heads, width)
    weight = g.op("Unsqueeze", "mask", g.const(np.array([2], np.int64)))
    axis = g.const(np.array([1], np.int64))
    total = g.op("ReduceSum", g.op("Mul", x, weight), axis, keepdims=0)
    g.op("Div", total, g.op("ReduceSum", weight, axis, keepdims=0), name="out")
    return g.model()


def layer(g, x, at, absent, heads, width):
    shape = g.const(np.array([0, 0, heads, width // heads], np.int64))
    q, k, v = (g.op("Reshape", g.linear(x, f"{at}attention.self.{n}"), shape) for n in ("query", "key", "value"))
    q, v = (g.op("Transpose", m, perm=[0, 2, 1, 3]) for m in (q, v))
    k = g.op("Transpose", k, perm=[0, 2, 3, 1])
    scores = g.op("Div", g.op("MatMul", q, k), g.const(np.float32(np.sqrt(width // heads))))
    mixed = g.op("MatMul", g.op("Softmax", g.op("Add", scores, absent), axis=-1), v)
    mixed = g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), g.const(np.array([0, 0, width], np.int64)))
    x = g.norm(g.op("Add", x, g.linear(mixed, at + "attention.output.dense")), at + "attention.output.LayerNorm")
    h = g.linear(x, at + "intermediate.dense")
    erf = g.op("Erf", g.op("Div", h, g.const(np.float32(np.sqrt(2)))))
    h = g.op("Mul", g.op("Mul", h, g.op("Add", erf, g.const(np.float32(1)))), g.const(np.float32(0.5)))
    return g.norm(g.op("Add", x, g.linear(h, at + "output.dense")), at + "output.LayerNorm")


class Graph:
    """Collects nodes and weights of an ONNX graph."""

    def __init__(self, weights):
        self.weights, self.nodes, self.inits = weights, [], {}

    def op(self, kind, *inputs, name=None, **attributes):
        name = name or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def const(self, value):
        name = f"c{len(self.inits)}"
        self.inits[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def weight(self, name, transposed=False):
        if name not in self.inits:
            w = self.weights[name].astype(np.float32)
            self.inits[name] = numpy_helper.from_array(np.ascontiguousarray(w.T if transposed else w), name)
        return name

    def linear(self, x, name):
        return self.op("Add", self.op("MatMul", x, self.weight(name + ".weight", transposed=True)), self.weight(name + ".bias"))

    def norm(self, x, name):
        return self.op("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"), axis=-1, epsilon=1e-12)

    def model(self):
        inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["b", "t"]), helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["b", "t"])]
        outputs = [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["b", None])]
        graph = helper.make_graph(self.nodes, "teacher", inputs, outputs, list(self.inits.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
