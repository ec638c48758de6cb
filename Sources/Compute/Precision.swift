/// The floating-point format that kernels and gradients are computed in.
public enum Precision: String, Sendable, CaseIterable, Codable {
    case float32
    case float64

    /// Bytes of one number.
    public var byteCount: Int { self == .float32 ? 4 : 8 }

    /// Distance from 1 to the next number.
    public var epsilon: Double { self == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne }
}

/// A number that a device stores: `Float` or `Double`.
public protocol Real: BinaryFloatingPoint, Sendable {
    static var precision: Precision { get }
}

extension Float: Real {
    public static var precision: Precision { .float32 }
}

extension Double: Real {
    public static var precision: Precision { .float64 }
}
