"""How good maps are, by the literature's taxonomy: faithfulness, localisation, complexity.

| module | what it holds |
|---|---|
| `plan` -> `setup` | what the user asks for -> an `Evaluator` that is ready |
| `run`, `record` | a whole evaluation, and its `run.json` |
| `evaluator`, `image_batch` | one batch: the maps of every source, measured |
| `sources/` | where maps come from: a method, or a folder that `camcli explain` wrote |
| `suite`, `input_map` | one map: every metric of it |
| `scorer` | the network's confidence in images that are altered according to a map |
| `shapley` | how close methods' coefficients are to Shapley values |
| `cost` | what an explanation costs, in forward passes |
| `metrics/` | the metrics by family, each declared once |
| `ground_truth/` | where the objects are, by file format |
| `rows` | what is written of each image |
| `report/` | from rows to tables, curves and the terminal |
"""
