"""Operations that DeepLIFT and layer-wise relevance propagation treat as one kind."""

from camcli.attribution.rules.registry import aten

# Affine in the first argument, whatever the others.
AFFINE_IN_FIRST = aten(
    "conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d",
    "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d", "mean", "sum", "neg",
    "view", "_unsafe_view", "reshape", "flatten", "unflatten", "permute", "transpose", "t",
    "squeeze", "unsqueeze", "expand", "contiguous", "clone", "alias", "to",
    "_to_copy", "select", "slice", "narrow", "split", "split_with_sizes", "chunk",
    "unbind", "index", "index_select", "gather", "roll", "flip", "repeat", "repeat_interleave",
    "pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "masked_fill",
    "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle", "cumsum",
    "movedim", "swapaxes", "upsample_nearest1d", "upsample_nearest2d", "upsample_bilinear2d",
    "_upsample_bilinear2d_aa", "upsample_bicubic2d", "_upsample_bicubic2d_aa", "im2col", "tril",
    "triu", "diagonal", "positive", "unfold", "_native_batch_norm_legit_no_training",
)  # fmt: skip

# Sums and concatenations: affine in all their arguments together.
AFFINE_IN_ALL = aten("add", "sub", "rsub", "cat", "concat", "stack")

# Give a tensor the shape or dtype of another.
LIKE_ANOTHER = aten("expand_as", "view_as", "reshape_as", "type_as")

BILINEAR = aten("mul", "matmul", "bmm", "mm", "mv", "dot", "linear")

DIVISIONS = aten("div", "true_divide")

# Element-wise in the first argument.
ELEMENTWISE = aten(
    "relu", "relu6", "hardtanh", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu",
    "mish", "hardswish", "hardsigmoid", "sigmoid", "log_sigmoid", "softplus", "softshrink",
    "hardshrink", "threshold", "tanh", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt",
    "rsqrt", "reciprocal", "square", "abs", "clamp", "clamp_min", "clamp_max", "erf", "sin",
    "cos", "atan", "sinh", "cosh", "pow",
)  # fmt: skip
