"""Where the objects are, as people have annotated them; `formats` is the table of formats.

| module | what it holds |
|---|---|
| `formats` | the table; a new format is one module that reads it and a row |
| `coco`, `segmentation`, `voc`, `masks`, `mask_values` | what files say, picture by picture |
| `content`, `shapes` | what all of them say: regions with a class and a shape |
| `survey` | annotations matched to the images, checked, and every part accounted for |
| `frames`, `class_names` | whether a picture's size, and an object's class, are the run's |
| `findings` | what was not used as it stands |
| `truth` | the outcome: the masks of an image and class |
"""
