/// Names that all differ, of things of which some have been given one.
enum DistinctNames {
    /// - Parameters:
    ///   - given: of each thing, in the configuration; nil for none. Things without one do not take it from them.
    ///   - own: what each thing is, e.g. `fc-3`; the second one of a name is `fc-3.2`.
    static func make(given: [String?], own: [String]) -> [String] {
        var names: [String] = []
        for (index, own) in own.enumerated() {
            let base = given[index] ?? own
            var (name, count) = (base, 1)
            while names.contains(name) || (given[index] == nil && given.contains(name)) {
                count += 1
                name = "\(base).\(count)"
            }
            names.append(name)
        }
        return names
    }
}
