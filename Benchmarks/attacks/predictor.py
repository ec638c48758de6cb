"""The trained infinitely wide dense ReLU net as a torch module, in float64, from its formulas alone."""
import math

import torch


def covariances(x, z, depth, w2=2.0, b2=0.01):
    """Θ(x, z) of `depth` hidden ReLU layers in the NTK parameterization, [m, n].

    Source: Jacot et al. 2018; Cho & Saul 2009 (arc-cosine kernels).
    """
    d = x.shape[1]
    k = w2 * (x @ z.T) / d + b2
    qx = w2 * (x * x).sum(1) / d + b2
    qz = w2 * (z * z).sum(1) / d + b2
    theta = k
    for _ in range(depth):
        scale = torch.sqrt(qx[:, None] * qz[None, :])
        cosine = (k / scale).clamp(-1 + 1e-15, 1 - 1e-15)
        angle = torch.arccos(cosine)
        nngp = scale * (torch.sqrt(1 - cosine**2) + (math.pi - angle) * cosine) / (2 * math.pi)
        slope = (math.pi - angle) / (2 * math.pi)
        k = w2 * nngp + b2
        theta = k + w2 * theta * slope
        qx, qz = w2 * qx / 2 + b2, w2 * qz / 2 + b2
    return theta


class KernelPredictor(torch.nn.Module):
    """f(x) = Θ(x, X) (Θ(X, X) + λ I)⁻¹ Y on images [m, C, H, W]; outputs are logits."""

    def __init__(self, inputs, targets, depth, diag_reg):
        super().__init__()
        self.depth = depth
        # A parameter tells the attacks the device.
        self.inputs = torch.nn.Parameter(inputs.reshape(len(inputs), -1), requires_grad=False)
        gram = covariances(self.inputs, self.inputs, depth)
        # The arc cosine loses half of its digits at duplicates; a point with itself has the angle 0.
        gram.fill_diagonal_(0)
        gram += torch.diag(self_covariance(self.inputs, depth))
        ridge = diag_reg * gram.diagonal().mean()
        self.weights = torch.linalg.solve(gram + ridge * torch.eye(len(gram), dtype=gram.dtype), targets)

    def forward(self, images):
        # Some attacks hand over single precision.
        points = images.double().reshape(len(images), -1)
        return covariances(points, self.inputs, self.depth) @ self.weights


def self_covariance(x, depth, w2=2.0, b2=0.01):
    """Θ(x, x), [m]."""
    q = w2 * (x * x).sum(1) / x.shape[1] + b2
    theta = q
    for _ in range(depth):
        q = w2 * q / 2 + b2
        theta = q + w2 * theta / 2
    return theta
