/// What can be said of a device before anything runs on it.
public struct Device: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case cpu, gpu, accelerator
    }

    /// Name of the backend: `cpu` or `opencl`.
    public let backend: String
    /// Position in the list that `ntk devices` prints.
    public let index: Int
    public let name: String
    public let driver: String
    public let kind: Kind
    public let computeUnits: Int
    /// Bytes.
    public let memory: Int
    /// Bytes of the largest single buffer.
    public let maximumAllocation: Int
    /// Bytes of work-group memory; 0 where there is no such thing.
    public let localMemory: Int
    public let supportsFloat64: Bool
    /// Rows and columns of a Gram tile that suit the device.
    public let tile: Int

    package init(
        backend: String, index: Int, name: String, driver: String, kind: Kind, computeUnits: Int, memory: Int,
        maximumAllocation: Int, localMemory: Int, supportsFloat64: Bool, tile: Int
    ) {
        self.backend = backend
        self.index = index
        self.name = name
        self.driver = driver
        self.kind = kind
        self.computeUnits = computeUnits
        self.memory = memory
        self.maximumAllocation = maximumAllocation
        self.localMemory = localMemory
        self.supportsFloat64 = supportsFloat64
        self.tile = tile
    }
}
