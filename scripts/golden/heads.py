"""Losses and their gradients from PyTorch. The inputs follow a formula and are written to the file with the results."""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-heads/tests/golden/losses.json"


def matrix(rows, columns, a, b, c):
    return [[torch.sin(torch.tensor(a * i + b * j, dtype=torch.float64)).item() + 0.05 * ((3 * i + c * j) % 7) for j in range(columns)] for i in range(rows)]


def case(name, loss, *inputs):
    tensors = [torch.tensor(i, dtype=torch.float64, requires_grad=True) for i in inputs]
    value = loss(*tensors)
    value.backward()
    return {"name": name, "inputs": inputs, "value": value.item(), "grads": [None if t.grad is None else t.grad.tolist() for t in tensors]}


def triplet(margin):
    labels = torch.tensor([0, 0, 1, 1, 2, 2])

    def loss(x):
        # The batch-hard triplet loss of reid-strong-baseline: d = sqrt(clamp(|x|^2 + |y|^2 - 2xy, 1e-12)); the anchor counts as a positive.
        square = x.pow(2).sum(1, keepdim=True)
        d = (square + square.t() - 2 * x @ x.t()).clamp(min=1e-12).sqrt()
        same = labels[:, None] == labels[None, :]
        ap = torch.where(same, d, torch.zeros_like(d)).max(1)[0]
        an = torch.where(same, torch.full_like(d, 1e9), d).min(1)[0]
        return F.softplus(ap - an).mean() if margin is None else F.relu(ap - an + margin).mean()

    return loss


def binding(own):
    """`own[i]` is the anchor that is left out for feature i; -1 means none."""
    def loss(features, anchors):
        labels, anchor_labels = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 1, 1, 2, 2])
        logits = F.normalize(features, dim=1) @ F.normalize(anchors, dim=1).t() / 0.07
        skipped = torch.tensor(own)[:, None] == torch.arange(6)[None, :]
        log_p = F.log_softmax(logits.masked_fill(skipped, float("-inf")), 1)
        positive = (labels[:, None] == anchor_labels[None, :]) & ~skipped
        return -torch.stack([log_p[i][positive[i]].mean() for i in range(4)]).mean()

    return loss


def sdm(own):
    """One direction of IRRA's similarity distribution matching; `own` as above."""
    def loss(features, anchors):
        labels, anchor_labels = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 1, 1, 2, 2])
        logits = F.normalize(features, dim=1) @ F.normalize(anchors, dim=1).t() / 0.07
        total = 0.0
        for i in range(4):
            kept = [a for a in range(6) if a != own[i]]
            wanted = (anchor_labels[kept] == labels[i]).double()
            p, log_p = F.softmax(logits[i, kept], 0), F.log_softmax(logits[i, kept], 0)
            total = total + (p * (log_p - torch.log(wanted / wanted.sum() + 1e-8))).sum()
        return total / 4

    return loss


def irra(photographs, captions):
    """IRRA's `compute_sdm` (model/objectives.py): both directions, each with a softmax over the other modality alone. Rows of one person are not alone."""
    pid, epsilon = torch.tensor([0, 0, 1, 1, 2, 2])[:, None], 1e-8
    labels = (pid - pid.t() == 0).double()
    photographs, captions = [x / x.norm(dim=1, keepdim=True) for x in (photographs, captions)]
    t2i = captions @ photographs.t() / 0.02
    wanted = labels / labels.sum(dim=1)
    both = [F.softmax(s, dim=1) * (F.log_softmax(s, dim=1) - torch.log(wanted + epsilon)) for s in (t2i.t(), t2i)]
    return sum(x.sum(dim=1).mean() for x in both)


PARTNERS = [0, 2, 3, 5]
MEMORY_LABELS, MEMORY_KINDS = [1, 3, 2], [1, 1, 2]


def itc(features, anchors, memory=None):
    """CLIP's cross-entropy from every feature to its partner, an index of an anchor, among it and the anchors of other people. In the memory, those of kind 1."""
    labels, anchor_labels = [0, 1, 1, 2], [0, 0, 1, 1, 2, 2]
    everything, total = anchors if memory is None else torch.cat([anchors, memory.detach()]), 0.0
    for i in range(4):
        kept = [PARTNERS[i]] + [a for a in range(6) if anchor_labels[a] != labels[i]]
        if memory is not None:
            kept += [6 + m for m in range(3) if MEMORY_LABELS[m] != labels[i] and MEMORY_KINDS[m] == 1]
        scores = F.cosine_similarity(features[i][None], everything[kept]) / 0.07
        total = total + F.cross_entropy(scores[None], torch.tensor([0]))
    return total / 4


def remembered(kind):
    """Binding to the anchors of a batch and to those of a memory, which are constants. Row 1 shows what memory entry 0 does, row 3 what entry 2 does."""
    def loss(features, anchors, memory):
        everything = torch.cat([anchors, memory.detach()])
        labels, anchor_labels = [0, 1, 1, 2], [0, 0, 1, 1, 2, 2] + MEMORY_LABELS
        total = 0.0
        for i, own in enumerate([{0}, {2, 6}, {3}, {5, 8}]):
            kept = [a for a in range(9) if a not in own]
            log_p = F.log_softmax(F.cosine_similarity(features[i][None], everything[kept]) / 0.07, 0)
            wanted = torch.tensor([anchor_labels[a] == labels[i] for a in kept])
            if kind == "supcon":
                total = total - log_p[wanted].mean()
            else:
                total = total + (log_p.exp() * (log_p - torch.log(wanted.double() / wanted.sum() + 1e-8))).sum()
        return total / 4

    return loss


def hinge(mixed, anchors):
    """A mixed query against the best of two parts: its own columns and rows in reverse order, as constants. Row 3 has no anchor left."""
    positive = torch.tensor([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0], [0] * 6]).double()
    near = lambda x: (F.normalize(x, dim=1) @ F.normalize(anchors, dim=1).t() * positive).sum(1) / positive.sum(1).clamp(min=1)
    best = torch.maximum(near(mixed.flip(1)), near(mixed.flip(0))).detach()
    return F.relu(best - near(mixed) + 0.5)[:3].mean()


def paired(a, b):
    scores = F.normalize(a, dim=1) @ F.normalize(b, dim=1).t() / 0.07
    labels = torch.arange(len(a))
    return 0.5 * (F.cross_entropy(scores, labels) + F.cross_entropy(scores.t(), labels))


def neck(features, rows, labels):
    """The identity head's loss over the identities of `rows`: batch normalisation, then a linear map."""
    logits = F.batch_norm(features, None, None, training=True) @ rows.t()
    return F.cross_entropy(logits, torch.tensor(labels), label_smoothing=0.1)


def sampled_updates(samples):
    """AdamW over the rows of a matrix, each a parameter of its own: those outside a step's sample have no gradient and are passed over."""
    rows = [torch.tensor(row, dtype=torch.float64, requires_grad=True) for row in CENTRES]
    optimiser = torch.optim.AdamW(rows, lr=0.1, betas=(0.9, 0.999), eps=1e-5, weight_decay=0.02)
    after = []
    for step, sample in enumerate(samples):
        optimiser.zero_grad(set_to_none=True)
        for row in sample:
            rows[row].grad = torch.tensor([math.sin(1.7 * step + 0.6 * row + 1.1 * j) for j in range(5)], dtype=torch.float64)
        optimiser.step()
        after.append([row.tolist() for row in rows])
    return {"samples": samples, "after": after}


def attribute(outputs):
    """IRRA's cross-attention with UNIReID's classifier on the outputs of two sequences of five tokens, the third of which is padding in the second.

    Parameter n of the head, in the order of its fields, holds 0.3·sin(0.7·i + 1.9·n + 0.2) at place i; matrices are `[in, out]`. Number 0 is the mask.
    """
    count = 0

    def filled(*shape):
        nonlocal count
        count += 1
        numbers = [0.3 * math.sin(0.7 * i + 1.9 * count + 0.2) for i in range(math.prod(shape))]
        return torch.tensor(numbers, dtype=torch.float64).reshape(shape)

    def norm():
        layer = torch.nn.LayerNorm(6, dtype=torch.float64)
        layer.weight.data, layer.bias.data = filled(6), filled(6)
        return layer

    def linear(a, b):
        layer = torch.nn.Linear(a, b, dtype=torch.float64)
        layer.weight.data, layer.bias.data = filled(a, b).t(), filled(b)
        return layer

    query_norm, output_norm = norm(), norm()
    attention = torch.nn.MultiheadAttention(6, 1, batch_first=True, dtype=torch.float64)
    parts = [(filled(6, 6).t(), filled(6)) for _ in range(4)]
    attention.in_proj_weight.data = torch.cat([w for w, _ in parts[:3]])
    attention.in_proj_bias.data = torch.cat([b for _, b in parts[:3]])
    attention.out_proj.weight.data, attention.out_proj.bias.data = parts[3]
    block_norm, block = norm(), torch.nn.Sequential(linear(6, 24), torch.nn.GELU(), linear(24, 6))
    classifier = torch.nn.Sequential(linear(6, 6), torch.nn.GELU(), norm(), linear(6, 4))
    sequences = outputs.reshape(2, 5, 6)
    context = output_norm(sequences)
    padding = torch.tensor([[False] * 5, [False, False, True, False, False]])
    masked = torch.stack([sequences[0, [1, 3]], sequences[1, [4, 0]]])
    seen = masked + attention(query_norm(masked), context, context, key_padding_mask=padding, need_weights=False)[0]
    seen = seen + block(block_norm(seen))
    # The second sequence has one masked word.
    return F.cross_entropy(classifier(seen.reshape(4, 6)[:3]), torch.tensor([2, 0, 3]))


CENTRES = matrix(6, 5, 0.9, 0.4, 5)
SAMPLE = [0, 2, 5]
cases = [
    case("smoothed_cross_entropy", lambda z: F.cross_entropy(z, torch.tensor([0, 2]), label_smoothing=0.1), [[2.0, -1.0, 0.5], [0.1, 0.2, 3.0]]),
    case("triplet_margin", triplet(0.3), matrix(6, 4, 0.9, 0.4, 5)),
    case("triplet_soft", triplet(None), matrix(6, 4, 0.9, 0.4, 5)),
    case("binding", binding([-1] * 4), matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5)),
    case("binding_without_own_photo", binding([0, 2, 3, 5]), matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5)),
    case("binding_sdm", sdm([-1] * 4), matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5)),
    case("binding_sdm_without_own_photo", sdm([0, 2, 3, 5]), matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5)),
    case("binding_itc", itc, matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.5, 1.1, 3)),
    case("queue_supcon", remembered("supcon"), matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5), matrix(3, 5, 0.6, 1.9, 4)),
    case("queue_sdm", remembered("sdm"), matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5), matrix(3, 5, 0.6, 1.9, 4)),
    case("queue_itc", itc, matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.5, 1.1, 3), matrix(3, 5, 0.6, 1.9, 4)),
    case("irra_sdm", irra, matrix(6, 5, 1.3, 0.7, 2), matrix(6, 5, 0.5, 1.1, 3)),
    case("part_hinge", hinge, matrix(4, 5, 1.3, 0.7, 2), matrix(6, 5, 0.9, 0.4, 5)),
    case("identity_all", lambda x, w: neck(x, w, [0, 2, 2, 5]), matrix(4, 5, 1.3, 0.7, 2), CENTRES),
    case("identity_sample", lambda x, w: neck(x, w[SAMPLE], [0, 1, 1, 2]), matrix(4, 5, 1.3, 0.7, 2), CENTRES),
    case("attribute", attribute, matrix(10, 6, 1.3, 0.7, 2)),
    case("paired_contrastive", paired, matrix(4, 5, 1.3, 0.7, 2), matrix(4, 5, 0.5, 1.1, 3)),
]
OUT.write_text(json.dumps({"torch": torch.__version__, "cases": cases, "updates": sampled_updates([[0, 2, 5], [1, 2], [0, 1, 2, 3, 4, 5], [2, 3]])}, indent=1) + "\n")
for c in cases:
    print(c["name"], c["value"])
