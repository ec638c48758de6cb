import Compute

/// A batch under attack: the points in the model's precision, what the model says of them, and the best that was found
/// for each point so far.
///
/// Of two candidates the better one has reached the goal; then is misclassified; then has the larger objective.
final class AttackedBatch {
    let batch: AttackBatch
    let model: any AttackedModel
    let ball: Ball
    let aim: Aim
    /// x, [m, d], in numbers of the model's precision, on the host and on the device.
    let clean: [Double]
    let origin: Buffer
    let cleanPredictions: Tensor<Double>
    private let control: AttackControl
    private let begin = ContinuousClock.now
    /// The model at x, until the first step has used it.
    private var atOrigin: (any LinearizedModel)?
    /// The best that was found, at first the clean points: x̃ and f(x̃).
    private var points: Tensor<Double>
    private var predictions: Tensor<Double>
    private var zeroGradients = 0
    private var pointSteps = 0

    var count: Int { batch.points.count }
    /// d.
    var size: Int { batch.points.stride }

    /// - Parameter startsAtOrigin: whether the gradient at x will be asked for.
    init(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, _ objective: AttackObjective,
        _ goal: AttackGoal, _ control: AttackControl, startsAtOrigin: Bool = false
    ) throws(AttackError) {
        self.batch = batch
        self.model = model
        self.control = control
        ball = Ball(threat, model.precision)
        let clean = model.precision == .float32 ? batch.points.elements.rounded().widened() : batch.points.elements
        self.clean = clean
        try batch.check(clean, ball.box)
        let origin = try onDevice { () throws(ComputeError) in
            try model.backend.upload(clean, as: model.precision)
        }
        self.origin = origin
        let count = batch.points.count
        if startsAtOrigin && ball.eps > 0 {
            let linearized = try onDevice { () throws(ComputeError) in try model.linearize(origin, count: count) }
            atOrigin = linearized
            cleanPredictions = linearized.predictions
        } else {
            cleanPredictions = try onDevice { () throws(ComputeError) in try model.predict(origin, count: count) }
        }
        points = Tensor(shape: batch.points.shape, elements: clean)
        predictions = cleanPredictions
        aim = Aim(
            objective: objective, goal: goal,
            classes: try goal.classes(batch, cleanPredictions, outputs: model.outputs))
        try check(cleanPredictions, Array(0..<count))
    }

    /// Points that have not reached the goal, in order: where x has not, until something was found that has.
    var active: [Int] {
        (0..<count).filter { !aim.isReached(predictions.row($0), $0) }
    }

    /// x of point i, [d].
    func origin(_ i: Int) -> [Double] { Array(clean[i * size..<(i + 1) * size]) }

    // MARK: The model

    /// Sends points to the device.
    func upload(_ points: [Double]) throws(AttackError) -> Buffer {
        try onDevice { () throws(ComputeError) in try model.backend.upload(points, as: model.precision) }
    }

    func download(_ buffer: Buffer) throws(AttackError) -> [Double] {
        try onDevice { () throws(ComputeError) in try model.backend.download(buffer) }
    }

    /// Runs an elementwise operation on the device.
    func run(_ operation: Operation) throws(AttackError) {
        try onDevice { () throws(ComputeError) in try model.backend.run(operation) }
    }

    func predict(_ points: Buffer, _ rows: [Int]) throws(AttackError) -> Tensor<Double> {
        let predictions = try onDevice { () throws(ComputeError) in try model.predict(points, count: rows.count) }
        try check(predictions, rows)
        return predictions
    }

    /// The model at points that belong to some rows of the batch.
    func linearize(_ points: Buffer, _ rows: [Int]) throws(AttackError) -> any LinearizedModel {
        let linearized = try onDevice { () throws(ComputeError) in try model.linearize(points, count: rows.count) }
        try check(linearized.predictions, rows)
        return linearized
    }

    /// The model at x, left over from the start where it is the first call.
    func linearizeOrigin() throws(AttackError) -> any LinearizedModel {
        defer { atOrigin = nil }
        return if let atOrigin { atOrigin } else { try linearize(origin, Array(0..<count)) }
    }

    /// Σ_c cotangents[i, c] ∇f_c.
    func gradient(_ linearized: any LinearizedModel, _ cotangents: [Double]) throws(AttackError) -> Buffer {
        let cotangents = Tensor(shape: linearized.predictions.shape, elements: cotangents)
        return try onDevice { () throws(ComputeError) in try linearized.inputGradient(cotangents: cotangents) }
    }

    /// The same at points that belong to some rows of the batch, where predictions are not asked for.
    func gradient(_ points: Buffer, _ rows: [Int], _ cotangents: [Double]) throws(AttackError) -> Buffer {
        let cotangents = Tensor(shape: [rows.count, model.outputs], elements: cotangents)
        return try onDevice { () throws(ComputeError) in
            try model.inputGradient(points, count: rows.count, cotangents: cotangents)
        }
    }

    /// The numbers of a gradient, [rows, d].
    func numbers(_ gradient: Buffer, _ rows: [Int]) throws(AttackError) -> [Double] {
        let numbers = try download(gradient)
        precondition(
            numbers.count == rows.count * size, "a gradient of \(numbers.count) numbers for \(rows.count) × \(size)")
        if let bad = numbers.firstIndex(where: { !$0.isFinite }) {
            throw .gradientNotFinite(point: batch.indices[rows[bad / size]])
        }
        return numbers
    }

    /// Counts the points whose gradient is zero although they have not reached the goal.
    func countZeros(_ gradient: [Double], _ predictions: Tensor<Double>, _ rows: [Int]) {
        for (place, row) in rows.enumerated() where !aim.isReached(predictions.row(place), row) {
            if gradient[place * size..<(place + 1) * size].allSatisfy({ $0 == 0 }) { zeroGradients += 1 }
        }
    }

    private func check(_ predictions: Tensor<Double>, _ rows: [Int]) throws(AttackError) {
        let k = predictions.stride
        precondition(predictions.count == rows.count, "\(predictions.count) predictions, \(rows.count) points")
        guard let bad = predictions.elements.firstIndex(where: { !$0.isFinite }) else { return }
        throw .notFinite(point: batch.indices[rows[bad / k]], output: bad % k, value: predictions.elements[bad])
    }

    // MARK: Steps

    /// Before a step: whether to go on.
    func checkCancellation() throws(AttackError) {
        if control.isCancelled() { throw .cancelled }
    }

    /// After a step of some points.
    func didStep(_ points: Int) {
        pointSteps += points
        control.onStep(points)
    }

    /// Keeps each point that is better than what was found before.
    /// - Parameters:
    ///   - points: [rows, d].
    ///   - predictions: f there, [rows, k].
    ///   - replaces: whether they are kept whatever was there.
    func keep(_ points: [Double], _ predictions: Tensor<Double>, _ rows: [Int], replaces: Bool = false) {
        let better = rows.indices.filter {
            replaces || isBetter(predictions.row($0), than: self.predictions.row(rows[$0]), rows[$0])
        }
        guard !better.isEmpty else { return }
        let candidates = Tensor(shape: [rows.count, size], elements: points)
        self.points.replace(better.map { rows[$0] }, with: candidates.rows(better))
        self.predictions.replace(better.map { rows[$0] }, with: predictions.rows(better))
    }

    private func isBetter(_ new: ArraySlice<Double>, than old: ArraySlice<Double>, _ i: Int) -> Bool {
        func rank(_ outputs: ArraySlice<Double>) -> (Int, Int, Double) {
            let isWrong = batch.labels.map { Labels.predicted(outputs) != $0[i] } ?? false
            return (aim.isReached(outputs, i) ? 1 : 0, isWrong ? 1 : 0, aim.value(outputs, i))
        }
        return rank(new) > rank(old)
    }

    /// What was found; the clean points where nothing was kept.
    /// - Parameter steps: of each point, as announced; those that were not needed are reported as done.
    func examples(steps: Int) -> AdversarialExamples {
        control.onStep(max(0, steps * count - pointSteps))
        let elapsed = (ContinuousClock.now - begin).components
        return AdversarialExamples(
            points: points, cleanPredictions: cleanPredictions, predictions: predictions,
            cleanValues: (0..<count).map { aim.value(cleanPredictions.row($0), $0) },
            values: (0..<count).map { aim.value(predictions.row($0), $0) },
            isCleanSuccessful: (0..<count).map { aim.isReached(cleanPredictions.row($0), $0) },
            isSuccessful: (0..<count).map { aim.isReached(predictions.row($0), $0) },
            distances: (0..<count).map {
                ball.distance(points.elements[$0 * size..<($0 + 1) * size], clean[$0 * size..<($0 + 1) * size])
            },
            zeroGradients: zeroGradients, pointSteps: pointSteps,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
    }
}

extension Tensor {
    /// One entry of the first axis.
    func row(_ i: Int) -> ArraySlice<Element> { elements[i * stride..<(i + 1) * stride] }
}

/// Runs what talks to a device.
func onDevice<R>(_ body: () throws(ComputeError) -> R) throws(AttackError) -> R {
    do { return try body() } catch { throw .compute(error) }
}
