// What the signatures of this module are made of.
@_exported import TangentKernels

@_exported import enum Attacks.AttackError
@_exported import enum Attacks.AttackLoss
@_exported import struct Attacks.ThreatModel
@_exported import struct Compute.ComputeError
@_exported import enum Compute.CovarianceKind
@_exported import class Compute.HostMatrix
@_exported import enum Compute.Precision
@_exported import struct Compute.Tensor
@_exported import enum Inference.InferenceError
