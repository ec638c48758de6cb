/// How long a text is in the sans-serif letters of the pictures; an estimate on the safe side, because what draws the
/// picture may have other letters.
enum TextWidth {
    static func of(_ text: String, size: Double) -> Double {
        size * text.reduce(0) { $0 + share(of: $1) }
    }

    private static func share(of letter: Character) -> Double {
        switch letter {
        case "i", "j", "l", "t", "f", "r", "I", ".", ",", ":", ";", "'", "|", "!", "(", ")", " ", "/": 0.33
        case "m", "w", "M", "W", "%", "@": 0.9
        case "A"..."Z", "±", "×", "=", "+", "\u{2212}": 0.69
        default: 0.57
        }
    }

    /// Lines of at most `width`, broken at blanks.
    static func wrap(_ text: String, size: Double, width: Double) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, of(last + " " + word, size: size) <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
