/// `sweep`: the runs of `ntk sweep`.
package struct SweepSection: Section {
    package enum Method: String, Choice {
        case grid, random, list
    }

    package var method = Method.grid
    package var parameters: [SweepParameter] = []
    /// Number of runs of a random sweep.
    package var count: Int?
    package var seed = 0
    /// The runs of a list.
    package var runs: [SweepAssignment] = []
    package var exclude: [SweepAssignment] = []

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "method", \.method, .choice(),
            "grid (every combination of the parameters) | random (count, seed) | list (runs)"),
        Key(
            "parameters", \.parameters, .sweepParameters, "grid, random: values or a distribution for each key",
            isWritten: { $0.method != .list }),
        Key(
            "count", \.count, Kind.integer(atLeast: 1).optional, "random: number of runs that are drawn",
            isWritten: { $0.method == .random }),
        Key(
            "seed", \.seed, .integer(atLeast: 0), "random: of what is drawn", isWritten: { $0.method == .random }),
        Key(
            "runs", \.runs, Kind.sweepAssignment.list(of: "maps of keys"), "list: what each run sets",
            isWritten: { $0.method == .list }),
        Key(
            "exclude", \.exclude, Kind.sweepAssignment.list(of: "maps of keys"),
            "combinations that are left out; a run is left out when all keys of one of them agree"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        func refuse(_ keys: [String], _ reading: inout Reading) {
            for key in keys where reading.isGiven("\(path).\(key)") {
                reading.note("has no meaning for method: \(method.rawValue); remove it", at: "\(path).\(key)")
            }
        }
        switch method {
        case .grid:
            refuse(["count", "seed", "runs"], &reading)
            for parameter in parameters where parameter.isDistribution && parameter.count == nil {
                reading.note("a grid needs its count", at: "\(path).parameters.\(parameter.path)")
            }
        case .random:
            refuse(["runs"], &reading)
            if count == nil { reading.note("method: random needs count, the number of runs", at: path) }
            for parameter in parameters where parameter.isDistribution && parameter.count != nil {
                reading.note(
                    "has no meaning for method: random; remove it", at: "\(path).parameters.\(parameter.path).count")
            }
        case .list:
            refuse(["count", "seed", "parameters"], &reading)
            if runs.isEmpty { reading.note("method: list needs runs, a list of maps of keys", at: path) }
        }
        if method != .list && parameters.isEmpty {
            reading.note("method: \(method.rawValue) needs parameters", at: path)
        }
    }
}
