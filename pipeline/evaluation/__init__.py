"""How accurate the pipeline is on labelled articles: `entities` scores that stage, `gold` the published file."""
