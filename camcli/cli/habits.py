"""What other programs call their options, and what camcli has for it."""

from __future__ import annotations

_NAMES = {
    "--device cpu": "cpu no-cuda no-gpu force-cpu use-cpu",
    "--device cuda": "cuda gpu gpus use-cuda use-gpu",
    "--device cuda:N": "cuda-device device-id device-ids gpu-id gpu-ids local-rank",
    "--batch-size N": "batch batchsize bs bsz",
    "--workers N": "jobs n-jobs nproc num-proc num-processes num-threads num-workers threads",
    "--output DIR": (
        "dest destination o-dir out out-dir outdir out-path output-dir output-folder output-path "
        "project results save-dir save-path target-dir"
    ),
    "--checkpoint FILE": (
        "checkpoint-path ckpt ckpt-path load model-path pth resume-from state-dict weight weights "
        "weights-path"
    ),
    "--model NAME": "architecture arch backbone encoder model-name net network",
    "--layer NAME": (
        "feature-layer layer-name layer-names layers module target-layer target-layers"
    ),
    "--target CLASS": (
        "category categories class class-id class-idx class-index class-name classes label "
        "target-category target-class target-index target-label"
    ),
    "--target topN": "k top top-k topk",
    "--method NAME": "algo algorithm cam cam-method explainer method-name",
    "--methods A,B": "algorithms explainers",
    "--prompt TEXT": "query text texts",
    "--colormap NAME": "cmap color-map colour-map palette",
    "--alpha 0.5": "blend image-weight opacity transparency",
    "--colorbar": "color-bar colour-bar legend",
    "--truth PATH": "annotation annotations bbox boxes ground-truth groundtruth gt mask masks",
    "--precision fp16": "amp float16 fp16 half",
    "--precision bf16": "bf16 bfloat16",
    "--precision fp32": "float32 fp32 full-precision",
    "--compile": "torch-compile torchcompile",
    "--limit N": "first head max-images max-samples n num num-images num-samples",
    "--overwrite": "clobber exist-ok f force replace",
    "--resume": "continue skip-existing",
    "--save maps": "npy raw save-map save-maps save-npy",
    "--save overlay": "save-image save-images save-overlay save-overlays",
    "--config FILE": "cfg conf config-file config-path yaml",
    "--quiet": "no-progress silent",
    "--set preprocess.crop=N": "image-size img-size imgsz input-size size",
    "--set preprocess.mean=VALUE": "pixel-mean",
    "--set preprocess.std=VALUE": "pixel-std",
    "--set model.labels=FILE": "class-file class-map class-names label-file labels labels-path",
    "--set model.kwargs.num_classes=N": "n-classes nb-classes num-classes",
    "--set model.probabilities=sigmoid": "multi-label multilabel sigmoid",
    "--set model.probabilities=softmax": "softmax",
    "--set run.seed=N": "manual-seed random-seed",
    "--set output.normalize=VALUE": "norm normalise normalization",
    "--set output.overlay_format=VALUE": "ext extension format image-format",
}
"""By what camcli has, the names for it elsewhere, without their hyphens."""

_REMARKS = {
    "the images are named without an option, as in `camcli explain photos/`": (
        "data data-dir data-path dataset dir folder image image-dir image-path images img img-dir "
        "input input-dir input-path inputs path source src val-dir"
    ),
    "camcli explains networks and trains none": (
        "dropout epochs learning-rate lr momentum optimizer scheduler train weight-decay"
    ),
    "folders are walked with all that is in them": "r recurse recursive",
    "weights are those that the network's name brings unless --checkpoint names others": (
        "pretrained"
    ),
    "--help shows every option": "h usage",
    "everything worth telling is told without an option": "debug v verbose",
}

HABITS: dict[str, str] = {
    name: has
    for table in (_NAMES, _REMARKS)
    for has, names in table.items()
    for name in names.split()
}
"""By a name elsewhere, without its hyphens: an option of camcli, or a remark."""


def habitual(option: str) -> str | None:
    """Return what camcli has for an option of other programs: an option of its own, or a remark.

    Args:
        option: As it was typed, with hyphens in place of underscores; -n as well as --n.

    """
    return HABITS.get(option.lstrip("-").lower())
