/// The text of a progress line: `gram 34/55 tiles · 12.3 M pairs/s · 3 s left`.
///
/// Only words; whether it overwrites itself on a terminal or is printed now and then is the caller's choice.
package struct ProgressLine: Sendable {
    /// What is being computed, e.g. `gram`.
    package let label: String
    /// What is counted, plural, e.g. `tiles`.
    package let item: String
    /// What the rate counts, plural, e.g. `pairs`.
    package let unit: String

    package init(label: String, item: String = "tiles", unit: String = "pairs") {
        self.label = label
        self.item = item
        self.unit = unit
    }

    package func text(_ progress: SchedulingProgress) -> String {
        text(
            done: progress.done, total: progress.total, work: Double(progress.pairsDone),
            totalWork: Double(progress.pairsTotal), seconds: progress.seconds)
    }

    /// - Parameters:
    ///   - done: items finished, of `total`.
    ///   - work: units finished, of `totalWork`.
    ///   - seconds: since the beginning.
    package func text(done: Int, total: Int, work: Double, totalWork: Double, seconds: Double) -> String {
        var parts = ["\(label) \(done)/\(total) \(item)"]
        if work > 0 && seconds > 0 {
            let rate = work / seconds
            parts.append("\(Self.quantity(rate))\(unit)/s")
            parts.append(
                done < total ? Self.duration((totalWork - work) / rate) + " left" : Self.duration(seconds))
        }
        return parts.joined(separator: " · ")
    }

    /// `12.3 M `, `950 `: three significant digits, a space, a decimal prefix with a space where there is one.
    static func quantity(_ value: Double) -> String {
        var scaled = value
        var prefixes = ["", "k ", "M ", "G ", "T ", "P "][...]
        while scaled >= 999.5 && prefixes.count > 1 {
            scaled /= 1000
            prefixes.removeFirst()
        }
        let decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0
        return "\(rounded(scaled, decimals)) \(prefixes[prefixes.startIndex])"
    }

    /// Seconds in words: `3 s`, `4 min 10 s`, `2 h 5 min`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "long" }
        let whole = max(0, Int(seconds.rounded()))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min" + (whole % 60 == 0 ? "" : " \(whole % 60) s")
        default: return "\(whole / 3600) h" + (whole / 60 % 60 == 0 ? "" : " \(whole / 60 % 60) min")
        }
    }

    private static func rounded(_ value: Double, _ decimals: Int) -> String {
        let scale = [1.0, 10, 100][decimals]
        let integer = Int((value * scale).rounded())
        guard decimals > 0 else { return "\(integer)" }
        let fraction = String(integer % Int(scale))
        let digits = String(repeating: "0", count: decimals - fraction.count) + fraction
        return "\(integer / Int(scale)).\(digits)"
    }
}
