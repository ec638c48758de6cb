/// Why a device, a buffer or an operation failed. One sentence: what failed, on what, why, what to do.
public struct ComputeError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// No device, or none with the wanted precision.
        case deviceUnavailable
        case outOfMemory
        /// A kernel's text did not compile.
        case buildFailed
        /// The device refused or aborted an operation.
        case operationFailed
    }

    public let kind: Kind
    /// What was being done, e.g. `clEnqueueNDRangeKernel: CL_OUT_OF_RESOURCES running covariance/scalar`.
    public let operation: String
    public let device: String
    public let detail: String
    public let advice: String

    package init(_ kind: Kind, operation: String, device: String, detail: String = "", advice: String = "") {
        self.kind = kind
        self.operation = operation
        self.device = device
        self.detail = detail
        self.advice = advice
    }

    public var description: String {
        operation + " on '\(device)'" + (detail.isEmpty ? "" : ": " + detail) + (advice.isEmpty ? "" : "; " + advice)
    }
}
