"""The reader as a torch module: one encoder, one set of scores per word piece for every reading."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from transformers import AutoModel

from pipeline.reader.tokens import CASES

# Scores per piece, in this order; `heads` on the card says the same to the run time.
HEADS = {"entity": 9, "cue": 3, "source": 3, "content": 3, "polarity": 3, "stance": 3}
# Width of each of the four link vectors of a piece: content asks for its cue, a cue asks for its source.
LINK = 48


class ReaderModel(nn.Module):
    """(ids, mask, segments, case), each (batch, length) -> scores (batch, length, 24), links (batch, length, 4 * LINK).

    The polarity toward a target is the mean of the polarity scores of its pieces; the stance of a pair is the mean of
    the stance scores of all its pieces.
    """

    def __init__(self, encoder: Path) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(encoder, add_pooling_layer=False, attn_implementation="eager")
        width = self.encoder.config.hidden_size
        self.case = nn.Embedding(len(CASES), width)
        nn.init.zeros_(self.case.weight)  # the encoder begins as it was trained
        self.drop = nn.Dropout(0.1)
        self.tags = nn.Linear(width, sum(HEADS[h] for h in ("entity", "cue", "source", "content")))
        self.polarity = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))
        self.stance = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))
        self.links = nn.Linear(width, 4 * LINK)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor, case: Tensor) -> tuple[Tensor, Tensor]:
        words = self.encoder.get_input_embeddings()(ids) + self.case(case)
        hidden = self.encoder(inputs_embeds=words, attention_mask=mask, token_type_ids=segments).last_hidden_state
        return self.answers(self.drop(hidden))

    def answers(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and links of the encoder's last layer."""
        scores = torch.cat([self.tags(hidden), self.polarity(hidden), self.stance(hidden)], dim=-1)
        return scores, cast(Tensor, self.links(hidden))
