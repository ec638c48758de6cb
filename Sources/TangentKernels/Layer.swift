import Compute

/// One layer of an infinitely wide net. Each layer is one file of `Layers/`, and one line of ``Layers/all``.
public protocol Layer: Sendable {
    /// Name and keys as a configuration spells them.
    static var form: LayerForm { get }

    /// Reads the keys that `form` names; defaults stand in for absent ones.
    init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError)

    /// Appends the layer's steps.
    func plan(_ planner: inout Planner) throws(ArchitectureError)
}

/// How a layer is written in a configuration: what the schema, the checks and the suggestions are made from.
public struct LayerForm: Sendable {
    public struct Key: Sendable {
        public enum Value: Sendable {
            /// A number not below `minimum` (`exclusive`: above it).
            case number(minimum: Double?, exclusive: Bool)
            /// One positive whole number, or [height, width].
            case size
            /// A positive whole number.
            case count
            case choice([String])
            case layers
        }

        public let name: String
        public let value: Value
        public let isRequired: Bool
        public let summary: String

        init(_ name: String, _ value: Value, required: Bool = false, _ summary: String) {
            self.name = name
            self.value = value
            self.isRequired = required
            self.summary = summary
        }
    }

    public let name: String
    public let summary: String
    public let keys: [Key]
    /// Acts on every number alone, so that a preset may use it as its activation.
    public let isActivation: Bool

    init(_ name: String, _ summary: String, isActivation: Bool = false, keys: [Key] = []) {
        self.name = name
        self.summary = summary
        self.keys = keys
        self.isActivation = isActivation
    }
}

/// One layer as a configuration says it: a name and values by key.
public struct LayerDescription: Sendable, Hashable {
    public indirect enum Value: Sendable, Hashable {
        case number(Double)
        case size([Int])
        case count(Int)
        case choice(String)
        case layers([LayerDescription])
    }

    public let name: String
    public let values: [String: Value]
    /// Line of the configuration, for messages; nil where there is none.
    public let line: Int?

    public init(_ name: String, _ values: [String: Value] = [:], line: Int? = nil) {
        self.name = name
        self.values = values
        self.line = line
    }

    func number(_ key: String) -> Double? {
        if case .number(let value) = values[key] { value } else { nil }
    }

    func count(_ key: String) -> Int? {
        if case .count(let value) = values[key] { value } else { nil }
    }

    func layers(_ key: String) -> [LayerDescription] {
        if case .layers(let value) = values[key] { value } else { [] }
    }
}

/// What layers take that do not say their own.
public struct LayerDefaults: Sendable, Hashable {
    /// Standard deviation of the weights, σ_w.
    public let weightStd: Double
    /// Standard deviation of the biases, σ_b; 0 for none.
    public let biasStd: Double

    public init(weightStd: Double = 2.0.squareRoot(), biasStd: Double = 0.1) {
        self.weightStd = weightStd
        self.biasStd = biasStd
    }
}

/// Why an architecture makes no sense or cannot be computed. One sentence, naming the layer.
public struct ArchitectureError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// Line of the configuration that is to blame, if known.
    public let line: Int?

    package init(_ description: String, line: Int? = nil) {
        self.description = description
        self.line = line
    }
}
