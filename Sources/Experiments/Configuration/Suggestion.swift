/// The word that a misspelt one was meant to be.
package enum Suggestion {
    /// The closest candidate, if it is close enough: one edit per three letters, at least one.
    static func closest(to word: String, in candidates: [String]) -> String? {
        let limit = max(1, word.count / 3)
        let scored = candidates.map { (distance: distance(word.lowercased(), $0.lowercased()), word: $0) }
        guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= limit else { return nil }
        return best.word
    }

    /// `; did you mean 'train'?`, or nothing.
    package static func clause(for word: String?, in candidates: [String]) -> String {
        word.flatMap { closest(to: $0, in: candidates) }.map { "; did you mean '\($0)'?" } ?? ""
    }

    /// `one of a, b or c`.
    static func oneOf(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "nothing" }
        return "one of " + words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that lead from a to b.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
