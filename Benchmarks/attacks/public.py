"""The attacks that are compared: ours as a configuration has them, and the same of torchattacks or foolbox."""
import dataclasses
import typing
import warnings

import foolbox
import torch
import torchattacks

EPS = {"linf": 16 / 255, "l2": 1.5}


@dataclasses.dataclass
class Trial:
    """One attack of both sides."""

    ours: dict
    peer: str
    theirs: typing.Callable
    budget: str
    is_minimal: bool = False
    """Whether it looks for the nearest adversarial point."""
    is_exact: bool = False
    """Whether both sides have to find the same point."""

    @property
    def norm(self):
        return self.ours["norm"]


def with_torchattacks(make):
    def run(model, points, labels):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make(model)(points, labels).detach().double()

    return run


def in_single_precision(model):
    """Single precision on the outside: torchattacks' FAB knows no other. Its points are judged in float64 all the same."""

    class Rounded(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, images):
            return self.model(images).float()

    return Rounded().eval()


def with_fab(make):
    def run(model, points, labels):
        torch.set_default_dtype(torch.float32)
        try:
            return with_torchattacks(make)(in_single_precision(model), points.float(), labels)
        finally:
            torch.set_default_dtype(torch.float64)

    return run


def with_foolbox(attack):
    def run(model, points, labels):
        known = foolbox.PyTorchModel(model, bounds=(0, 1))
        return attack(known, points, labels, epsilons=None)[0].detach().double()

    return run


def trials():
    return [*steps("linf"), *steps("l2"), *minimal()]


def steps(norm):
    """Attacks inside a ball."""
    eps = EPS[norm]
    name = {"linf": "Linf", "l2": "L2"}[norm]
    ours = dict(norm=norm, eps=eps)
    if norm == "linf":
        yield Trial(dict(ours, name="fgsm"), "torchattacks", with_torchattacks(
            lambda model: torchattacks.FGSM(model, eps=eps)), "1 step", is_exact=True)
        pgd = lambda model: torchattacks.PGD(model, eps=eps, alpha=eps / 8, steps=20, random_start=False)
    else:
        pgd = lambda model: torchattacks.PGDL2(
            model, eps=eps, alpha=eps / 8, steps=20, random_start=False, eps_for_division=0)
    yield Trial(dict(ours, name="pgd", steps=20, step=eps / 8), "torchattacks", with_torchattacks(pgd),
                "20 steps of eps/8", is_exact=True)
    for count in (20, 100):
        for loss in ("ce", "dlr"):
            yield Trial(
                dict(ours, name=f"apgd-{loss}", steps=count), "torchattacks",
                with_torchattacks(lambda model, loss=loss, count=count: torchattacks.APGD(
                    model, norm=name, eps=eps, steps=count, loss=loss)), f"{count} steps")
    yield Trial(dict(ours, name="apgd-t", steps=20), "torchattacks", with_torchattacks(
        lambda model: torchattacks.APGDT(model, norm=name, eps=eps, steps=20, n_classes=10)), "20 steps, 9 classes")
    # It leaves a point alone once it has come as near as eps, so that its distances say nothing.
    yield Trial(dict(ours, name="fab-t", steps=20), "torchattacks", with_fab(
        lambda model: torchattacks.FAB(model, norm=name, eps=eps, steps=20, multi_targeted=True, n_classes=10)),
                "20 steps, 9 classes")
    yield Trial(dict(ours, name="square", steps=1000), "torchattacks", with_torchattacks(
        lambda model: torchattacks.Square(model, norm=name, eps=eps, n_queries=1000)), "1000 queries")


def minimal():
    """Attacks that look for the nearest adversarial point; the radius is one that holds all of them."""
    large = {"linf": 0.5, "l2": 20.0}
    for norm, name in (("linf", "Linf"), ("l2", "L2")):
        ours = dict(norm=norm, eps=large[norm])
        yield Trial(
            dict(ours, name="fab", steps=20), "torchattacks",
            with_fab(lambda model, norm=norm, name=name: torchattacks.FAB(
                model, norm=name, eps=large[norm], steps=20, n_classes=10)), "20 steps", is_minimal=True)
    yield Trial(dict(name="deepfool", norm="linf", eps=large["linf"]), "foolbox",
                with_foolbox(foolbox.attacks.LinfDeepFoolAttack(steps=50, candidates=10, overshoot=0.02)),
                "50 steps, 10 classes", is_minimal=True)
    yield Trial(dict(name="deepfool", norm="l2", eps=large["l2"]), "foolbox",
                with_foolbox(foolbox.attacks.L2DeepFoolAttack(steps=50, candidates=10, overshoot=0.02)),
                "50 steps, 10 classes", is_minimal=True)
    yield Trial(dict(name="cw", norm="l2", eps=large["l2"], steps=200, searches=6), "foolbox",
                with_foolbox(foolbox.attacks.L2CarliniWagnerAttack(
                    binary_search_steps=6, steps=200, stepsize=0.01, confidence=0, initial_const=1e-3)),
                "6 searches of 200 steps", is_minimal=True)


class Judge:
    """Measures adversarial points of both sides with the torch predictor."""

    def __init__(self, model, points, labels):
        self.model, self.points, self.labels = model, points, labels
        self.is_right = self.classes(points) == labels

    def classes(self, points):
        return self.model(points).detach().argmax(1)

    def __call__(self, trial, ours, theirs):
        return self.distances(trial, ours, theirs) if trial.is_minimal else self.accuracies(trial, ours, theirs)

    def accuracies(self, trial, ours, theirs):
        """Robust accuracies; of exact attacks also the largest difference of a pixel."""
        result = {
            "ours": (self.classes(ours) == self.labels).double().mean().item(),
            "theirs": (self.classes(theirs) == self.labels).double().mean().item(),
            "ours_largest": self.length(trial.norm, ours).max().item(),
            "theirs_largest": self.length(trial.norm, theirs).max().item(),
        }
        if trial.is_exact:
            # A point that ntk does not move was wrong from the start; nothing else is left out.
            result["largest_difference"] = (ours - theirs).abs().max().item()
        return result

    def distances(self, trial, ours, theirs):
        """Mean distances over the points that are right at first and that both sides changed, and how many each found."""
        found = [self.is_right & (self.classes(side) != self.labels) for side in (ours, theirs)]
        both = found[0] & found[1]
        lengths = [self.length(trial.norm, side) for side in (ours, theirs)]
        return {
            "ours": lengths[0][both].mean().item(), "theirs": lengths[1][both].mean().item(),
            "ours_found": found[0].sum().item(), "theirs_found": found[1].sum().item(),
            "attacked": self.is_right.sum().item(),
        }

    def length(self, norm, points):
        delta = (points - self.points).flatten(1)
        return delta.abs().amax(1) if norm == "linf" else delta.norm(dim=1)


def table(records):
    """The numbers as a Markdown table."""
    lines = ["| attack | norm | budget | peer | measure | ntk | peer's | ntk, s | peer, s |", "|" + "---|" * 9]
    for record in records:
        if "attacked" in record:
            measure = f"mean distance ({record['ours_found']} and {record['theirs_found']} of {record['attacked']} found)"
            values = [f"{record[side]:.5f}" for side in ("ours", "theirs")]
        else:
            measure = "robust accuracy"
            if "largest_difference" in record:
                measure += f" (largest difference of a pixel {record['largest_difference']:.0e})"
            values = [f"{100 * record[side]:.1f} %" for side in ("ours", "theirs")]
        seconds = [f"{record[side]:.1f}" for side in ("ours_seconds", "theirs_seconds")]
        cells = [record["attack"], record["norm"], record["budget"], record["peer"], measure, *values, *seconds]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
