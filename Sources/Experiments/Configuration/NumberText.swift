/// Numbers as a configuration spells them.
enum NumberText {
    /// `0.1`, `1e-3`, `8/255`, `inf`.
    static func number(_ text: String) -> Double? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard let over = decimal(parts[0]), let under = decimal(parts[1]), under != 0 else { return nil }
            return over / under
        }
        if ["inf", ".inf", "+inf", "+.inf", ".Inf", ".INF"].contains(text) { return .infinity }
        if ["-inf", "-.inf", "-.Inf", "-.INF"].contains(text) { return -.infinity }
        return decimal(text[...])
    }

    /// `2000`, `2e3`: exact whole numbers.
    static func integer(_ text: String) -> Int? {
        if let value = Int(text) { return value }
        guard let value = decimal(text[...]), abs(value) <= 0x1p53 else { return nil }
        return Int(exactly: value)
    }

    /// `8/255` where that is the same number as a longer decimal, the decimal elsewhere.
    static func text(_ value: Double) -> String {
        let decimal = PlainValue.format(value)
        let levels = (value * 255).rounded()
        guard abs(levels) < 255, levels / 255 == value else { return decimal }
        let fraction = "\(Int(levels))/255"
        return fraction.count < decimal.count ? fraction : decimal
    }

    /// Digits, point, sign and exponent only: `0x1p3` and `nan` are no numbers here. Values beyond Double are none.
    private static func decimal(_ text: Substring) -> Double? {
        guard !text.isEmpty, text.allSatisfy({ "0123456789+-.eE".contains($0) }) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }

    /// Regular expression of the texts that are numbers, for readers of YAML that take them for texts.
    static func pattern(infinite: Bool) -> String {
        let decimal = "[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?"
        return "^(\(decimal)(/\(decimal))?" + (infinite ? "|[-+]?\\.?inf)$" : ")$")
    }
}

/// Paths as a configuration spells them.
enum PathText {
    static let variable = "NTK_DATA"

    /// Puts the environment's value in the place of `${NTK_DATA}`.
    static func expand(_ text: String, _ node: SourceNode, _ reading: inout Reading) -> String? {
        var expanded = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${")?.lowerBound, let end = rest[start...].firstIndex(of: "}") {
            let name = String(rest[rest.index(start, offsetBy: 2)..<end])
            guard name == variable else {
                reading.note("only ${\(variable)} is expanded, not ${\(name)}; write the path itself", at: node.path)
                return nil
            }
            guard let value = reading.environment[name], !value.isEmpty else {
                reading.note("${\(name)} is not set in the environment; set it or write the path itself", at: node.path)
                return nil
            }
            expanded += rest[..<start] + value
            rest = rest[rest.index(after: end)...]
        }
        return expanded + rest
    }
}
