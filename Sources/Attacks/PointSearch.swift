import Compute

/// The search of an attack for one point: it says where it wants the model, and moves on from what it learns there.
///
/// An attack is such a search; batches, devices, progress and cancellation are `AttackedBatch`'s.
protocol PointSearch {
    /// Where the model is wanted next, [d], in numbers of the model's precision.
    var query: [Double] { get }
    /// Whether the model is wanted no more.
    var isDone: Bool { get }

    /// Directions in the outputs whose input gradients are wanted at the query, [k] each; none for a black box.
    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]]

    /// Learns the outputs at the query and the gradients that were asked for, [d] each, and moves on.
    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]])
}

extension AttackedBatch {
    /// Lets searches go on for some rounds, all in step. Those that are done take part no more.
    /// - Parameters:
    ///   - rows: the point of each search.
    ///   - keepsQueries: whether every query is a result: it lies in the ball.
    func search<Search: PointSearch>(
        _ searches: inout [Search], of rows: [Int], rounds: Int, keepsQueries: Bool
    ) throws(AttackError) {
        for round in 0..<rounds {
            let places = searches.indices.filter { !searches[$0].isDone }
            guard !places.isEmpty else { return }
            try checkCancellation()
            let active = places.map { rows[$0] }
            let points = places.flatMap { searches[$0].query }
            let buffer = try upload(points)
            let linearized = try linearize(buffer, active)
            let outputs = linearized.predictions
            let gradients = try gradients(
                linearized, places.indices.map { searches[places[$0]].cotangents(outputs.row($0)) }, active)
            if round == 0, let first = gradients.first { countZeros(first, outputs, active) }
            if keepsQueries { keep(points, outputs, active) }
            for (index, place) in places.enumerated() {
                searches[place].advance(
                    outputs.row(index), gradients.map { Array($0[index * size..<(index + 1) * size]) })
            }
            didStep(places.count)
        }
    }

    /// The n-th gradient of every point, for n = 0, 1, …; 0 for points that want fewer than others.
    private func gradients(
        _ linearized: any LinearizedModel, _ cotangents: [[[Double]]], _ rows: [Int]
    ) throws(AttackError) -> [[Double]] {
        let count = cotangents.map { $0.count }.max() ?? 0
        let none = [Double](repeating: 0, count: model.outputs)
        var gradients: [[Double]] = []
        for index in 0..<count {
            let wanted = cotangents.flatMap { index < $0.count ? $0[index] : none }
            gradients.append(try numbers(try gradient(linearized, wanted), rows))
        }
        return gradients
    }
}

extension AttackedBatch {
    /// Searches inside the ball: run after run, for the points that have not reached the goal yet. Every query is a result.
    /// - Parameters:
    ///   - rounds: of a run.
    ///   - steps: of each point, as announced.
    ///   - search: the search of a run for a point.
    /// - Returns: the best that was found; the clean points where the ball has no radius.
    func searchBall<Search: PointSearch>(
        runs: Int = 1, rounds: Int, steps: Int, _ search: (_ run: Int, _ row: Int) -> Search
    ) throws(AttackError) -> AdversarialExamples {
        for run in 0..<runs where ball.eps > 0 {
            let rows = active
            var searches = rows.map { search(run, $0) }
            try self.search(&searches, of: rows, rounds: rounds, keepsQueries: true)
        }
        return examples(steps: steps)
    }

    /// The wrong classes of a point, the likeliest at x first; one unnamed class for a binary task.
    /// - Parameter count: at most so many.
    func rivals(_ i: Int, count: Int) -> [Int?] {
        let outputs = Array(cleanPredictions.row(i))
        guard outputs.count > 1 else { return [nil] }
        let order = outputs.indices.filter { $0 != aim.classes[i] }
            .sorted { (outputs[$1], $0) < (outputs[$0], $1) }
        return Array(order.prefix(count))
    }
}
