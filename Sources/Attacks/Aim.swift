/// What an attack raises at the points of a batch, and when it has reached its goal.
struct Aim: Sendable {
    let objective: AttackObjective
    let goal: AttackGoal
    /// The class that each point shall leave or reach, [m].
    let classes: [Int]

    /// The objective at point i.
    func value(_ outputs: ArraySlice<Double>, _ i: Int) -> Double { objective.value(outputs, label: classes[i]) }

    /// Direction of ascent in the outputs of point i, [k].
    func direction(_ outputs: ArraySlice<Double>, _ i: Int) -> [Double] {
        objective.direction(outputs, label: classes[i])
    }

    /// The same for some points where it does not depend on their outputs, [rows, 1].
    func constantDirections(_ rows: [Int], outputs: Int) -> [Double]? {
        guard objective.hasConstantDirection(outputs: outputs) else { return nil }
        return rows.flatMap { direction([0], $0) }
    }

    /// Whether the class of point i has been left, or reached where targeted.
    func isReached(_ outputs: ArraySlice<Double>, _ i: Int) -> Bool {
        (Labels.predicted(outputs) == classes[i]) == goal.isTargeted
    }
}
