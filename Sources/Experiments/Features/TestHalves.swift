/// The two halves of the test points: one chooses machines and their features, the other one judges what was chosen, so
/// that no result is better than it should be for having been picked out.
///
/// Of the points of each class, in their order, the first judges, the second chooses, and so on.
struct TestHalves: Sendable {
    /// Positions of test points, ascending.
    let judging: [Int]
    let choosing: [Int]

    init(_ labels: [Int]) {
        var seen: [Int: Int] = [:]
        var (judging, choosing): ([Int], [Int]) = ([], [])
        for (place, label) in labels.enumerated() {
            if seen[label, default: 0].isMultiple(of: 2) { judging.append(place) } else { choosing.append(place) }
            seen[label, default: 0] += 1
        }
        self.judging = judging
        self.choosing = choosing
    }
}
