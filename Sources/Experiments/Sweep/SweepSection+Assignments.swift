import Compute

extension SweepSection {
    /// What each run sets, in order, without the excluded ones and without repetitions.
    ///
    /// A grid varies the last parameter fastest. A random sweep draws `count` times from a generator with `seed`, run
    /// by run and parameter by parameter, before anything is excluded.
    package var assignments: [SweepAssignment] {
        let all: [SweepAssignment]
        switch method {
        case .list: all = runs
        case .grid:
            var combinations: [[PlainValue.Member]] = [[]]
            for parameter in parameters {
                let values = parameter.grid
                combinations = combinations.flatMap { combination in
                    values.map { combination + [.init(parameter.path, $0)] }
                }
            }
            all = combinations.map(SweepAssignment.init)
        case .random:
            var generator = SplitMix64(UInt64(seed))
            all = (0..<(count ?? 0)).map { _ in
                SweepAssignment(parameters.map { .init($0.path, $0.draw(&generator)) })
            }
        }
        var seen: Set<SweepAssignment> = []
        return all.filter { assignment in
            !exclude.contains { assignment.agrees(with: $0) } && seen.insert(assignment).inserted
        }
    }
}
