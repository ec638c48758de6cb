import Foundation

/// From the values of an axis to places in the picture.
struct Scale: Sendable {
    let kind: Axis.Kind
    let domain: ClosedRange<Double>
    /// Places of the two ends of the axis, in units of the picture.
    let start: Double
    let end: Double
    /// Whether 0 and infinity are among the values of a logarithmic axis.
    let hasZero: Bool
    let hasInfinity: Bool

    /// Share of the length that 0 or infinity takes behind a break.
    static let breakShare = 0.12

    /// - Parameter values: those that have to fit.
    init(_ axis: Axis, fitting values: [Double], from start: Double, to end: Double) {
        kind = axis.kind
        self.start = start
        self.end = end
        hasZero = axis.kind == .log && values.contains { $0 == 0 }
        hasInfinity = axis.kind == .log && values.contains { $0 == .infinity }
        domain = axis.domain ?? Self.domain(axis.kind, values)
    }

    private static func domain(_ kind: Axis.Kind, _ values: [Double]) -> ClosedRange<Double> {
        let shown = values.filter { $0.isFinite && (kind == .linear || $0 > 0) }
        guard var low = shown.min(), var high = shown.max() else { return kind == .linear ? 0...1 : 0.1...1 }
        switch kind {
        case .log:
            if high / low < 1.5 { (low, high) = (low / 2, high * 2) }
            // The marks at the ends shall not touch the frame.
            let margin = pow(high / low, 0.03)
            return (low / margin)...(high * margin)
        case .linear:
            if high - low < 1e-9 * max(abs(high), abs(low), 1e-300) {
                let half = high == 0 ? 1 : abs(high) / 2
                (low, high) = (low - half, high + half)
            }
            let step = Tick.step(high - low, 5)
            return ((low / step).rounded(.down) * step)...((high / step).rounded(.up) * step)
        }
    }

    /// The part of the axis between the breaks.
    private var inner: (start: Double, end: Double) {
        let length = end - start
        return (
            start + (hasZero ? Self.breakShare * length : 0), end - (hasInfinity ? Self.breakShare * length : 0)
        )
    }

    /// Place of a value; nil for those that the axis does not show.
    func position(_ value: Double) -> Double? {
        let (first, last) = inner
        switch kind {
        case .linear:
            guard value.isFinite else { return nil }
            return first + (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound) * (last - first)
        case .log:
            if value == 0, hasZero { return start + 0.04 * (end - start) }
            if value == .infinity { return hasInfinity ? end - 0.04 * (end - start) : nil }
            guard value > 0, value.isFinite else { return nil }
            let share = log(value / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
            return first + share * (last - first)
        }
    }

    /// Places where the axis is broken.
    var breaks: [Double] {
        let length = end - start
        return (hasZero ? [start + 0.08 * length] : []) + (hasInfinity ? [end - 0.08 * length] : [])
    }

    /// - Parameter room: the length that a label takes.
    func ticks(room: Double) -> [Tick] {
        let (first, last) = inner
        let count = max(2, Int(abs(last - first) / room))
        switch kind {
        case .linear: return Tick.linear(domain, count: min(count, 6))
        case .log:
            return (hasZero ? [Tick(value: 0, label: .plain("0"))] : [])
                + Tick.logarithmic(domain, count: count)
                + (hasInfinity ? [Tick(value: .infinity, label: .plain("\u{221E}"))] : [])
        }
    }
}
