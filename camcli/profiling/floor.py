"""The floor of every explanation's cost: decode the images, and predict them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import torch

from camcli.images.stream import stream
from camcli.records import ImageRef
from camcli.run.build import BuiltRun


def predict_all(refs: Iterable[ImageRef], built: BuiltRun) -> Counter[int]:
    """Predict images with the network, batches and threads that explaining them would use.

    Decoding runs ahead in threads, as it does there, but in this process; nothing is written.

    Returns:
        How many images were predicted as each class.

    """
    engine = built.engine
    found: Counter[int] = Counter()
    for batch in stream(refs, engine.preprocess, built.batch_size, built.workers):
        with torch.no_grad():
            logits = engine.network.predict(engine.normalized(batch.items))
        found.update(logits.argmax(1).tolist())
    return found
