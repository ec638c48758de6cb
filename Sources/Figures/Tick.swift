import Foundation

/// A mark on an axis.
package struct Tick: Sendable, Equatable {
    enum Label: Sendable, Equatable {
        case plain(String)
        /// 10 to this power.
        case power(Int)
    }

    let value: Double
    /// nil for the small marks between.
    let label: Label?
}

extension Tick {
    /// Multiples of 1, 2 or 5 times a power of ten inside `domain`, about `count` of them.
    static func linear(_ domain: ClosedRange<Double>, count: Int) -> [Tick] {
        let step = step(domain.upperBound - domain.lowerBound, count)
        let first = (domain.lowerBound / step - 1e-9).rounded(.up)
        let last = (domain.upperBound / step + 1e-9).rounded(.down)
        guard first <= last else { return [] }
        let decimals = max(0, -Int((log10(step) + 1e-9).rounded(.down)))
        return (Int(first)...Int(last)).map { index in
            let value = Double(index) * step
            return Tick(value: value, label: .plain(signed(String(format: "%.\(decimals)f", value))))
        }
    }

    static func step(_ extent: Double, _ count: Int) -> Double {
        let rough = extent / Double(max(count, 1))
        let power = pow(10, log10(rough).rounded(.down))
        for factor in [1.0, 2, 5] where factor * power >= rough * (1 - 1e-9) { return factor * power }
        return 10 * power
    }

    /// Powers of ten, with small marks between; 1, 2 and 5 times those where there are less than two decades.
    static func logarithmic(_ domain: ClosedRange<Double>, count: Int) -> [Tick] {
        let (low, high) = (log10(domain.lowerBound), log10(domain.upperBound))
        let exponents = Int(low.rounded(.down))...Int(high.rounded(.up))
        let stride = max(1, Int(((high - low) / Double(max(count, 1))).rounded(.up)))
        let isShort = high - low < 2
        let isPlain = exponents.lowerBound >= -2 && exponents.upperBound <= 4
        var ticks: [Tick] = []
        for exponent in exponents {
            for factor in 1...9 {
                let value = Double(factor) * pow(10, Double(exponent))
                guard value >= domain.lowerBound * (1 - 1e-9), value <= domain.upperBound * (1 + 1e-9) else { continue }
                if factor == 1, exponent % stride == 0 {
                    ticks.append(
                        Tick(value: value, label: isPlain || isShort ? .plain(short(value)) : .power(exponent)))
                } else if isShort, factor == 2 || factor == 5 {
                    ticks.append(Tick(value: value, label: .plain(short(value))))
                } else if stride == 1 || factor == 1 {
                    ticks.append(Tick(value: value, label: nil))
                }
            }
        }
        return ticks
    }

    /// At most three digits that count; 1.2×10⁵ where zeros would hide them.
    package static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else {
            return value == 0 ? "0" : value.isNaN ? "-" : signed(value < 0 ? "-\u{221E}" : "\u{221E}")
        }
        let exponent = Int(log10(abs(value)).rounded(.down))
        if exponent >= -3 && exponent < 5 {
            let decimals = min(6, max(0, 2 - exponent))
            var text = String(format: "%.\(decimals)f", value)
            if text.contains(".") { text = String(text.reversed().drop { $0 == "0" }.reversed()) }
            if text.hasSuffix(".") { text.removeLast() }
            return signed(text)
        }
        let factor = String(format: "%.2g", value / pow(10, Double(exponent)))
        return signed(factor == "1" ? "" : factor + "×") + "10" + superscript(exponent)
    }

    private static func superscript(_ exponent: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return (exponent < 0 ? "⁻" : "")
            + String("\(abs(exponent))".compactMap { $0.wholeNumberValue.map { digits[$0] } })
    }

    /// With the minus sign of print.
    private static func signed(_ text: String) -> String {
        text.hasPrefix("-") ? "\u{2212}" + text.dropFirst() : text
    }
}
