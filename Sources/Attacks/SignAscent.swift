import Compute

/// Ascent by the sign of the gradient inside an ℓ∞ ball and a box: what FGSM and PGD have in common.
struct SignAscent {
    let objective: AttackObjective
    let goal: AttackGoal
    let steps: Int
    let stepSize: Double
    let restarts: Int
    let randomStart: Bool
    let seed: UInt64

    func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let start = ContinuousClock.now
        var ascent = try Ascent(settings: self, batch: batch, model: model, threat: threat, control: control)
        if ascent.threat.eps > 0 {
            for restart in 0..<restarts { try ascent.run(restart) }
        } else {
            // Nothing may move, so no gradient is needed and the input comes back bit for bit.
            control.onStep(batch.points.count * steps * restarts)
        }
        let elapsed = (ContinuousClock.now - start).components
        return ascent.examples(seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
    }
}

/// The state of an attack on one batch.
private struct Ascent {
    let settings: SignAscent
    let batch: AttackBatch
    let model: any AttackedModel
    let threat: ThreatModel
    let control: AttackControl
    /// x₀ in the model's precision, on the host and on the device.
    let clean: [Double]
    let origin: Buffer
    /// The class each point shall leave or reach.
    let classes: [Int]
    let cleanOutputs: Outputs
    /// The model at x₀, until the first step has used it.
    private var atOrigin: (any LinearizedModel)?
    private var best: (points: [Double], outputs: Outputs)?
    private var zeroGradients = 0

    var count: Int { batch.points.count }

    init(
        settings: SignAscent, batch: AttackBatch, model: any AttackedModel, threat: ThreatModel, control: AttackControl
    ) throws(AttackError) {
        self.settings = settings
        self.batch = batch
        self.model = model
        self.threat = threat.rounded(to: model.precision)
        self.control = control
        let precision = model.precision
        clean = precision == .float32 ? batch.points.elements.rounded().widened() : batch.points.elements
        try batch.check(clean, self.threat.box)
        let (clean, count) = (clean, batch.points.count)
        origin = try onDevice { () throws(ComputeError) in try model.backend.upload(clean, as: precision) }
        let origin = origin
        let predictions: Tensor<Double>
        if settings.randomStart || self.threat.eps == 0 {
            predictions = try onDevice { () throws(ComputeError) in try model.predict(origin, count: count) }
        } else {
            let linearized = try onDevice { () throws(ComputeError) in try model.linearize(origin, count: count) }
            atOrigin = linearized
            predictions = linearized.predictions
        }
        classes = try settings.goal.classes(batch, predictions, outputs: model.outputs)
        cleanOutputs = try Outputs(predictions, settings.objective, classes, batch)
    }

    mutating func run(_ restart: Int) throws(AttackError) {
        let point = try startPoint(restart)
        for step in 0..<settings.steps {
            if control.isCancelled() { throw .cancelled }
            try self.step(point, countsZeros: restart == 0 && step == 0)
            control.onStep(count)
        }
        let (model, count) = (model, count)
        let predictions = try onDevice { () throws(ComputeError) in try model.predict(point, count: count) }
        let points = try onDevice { () throws(ComputeError) in try model.backend.download(point) }
        keep(points, try Outputs(predictions, settings.objective, classes, batch))
    }

    /// One step from the gradient at `point`, in place.
    private mutating func step(_ point: Buffer, countsZeros: Bool) throws(AttackError) {
        let (model, count) = (model, count)
        let linearized =
            if let atOrigin { atOrigin } else {
                try onDevice { () throws(ComputeError) in try model.linearize(point, count: count) }
            }
        atOrigin = nil
        let outputs = try Outputs(linearized.predictions, settings.objective, classes, batch)
        let cotangents = outputs.directions(settings.objective, classes)
        let gradient = try onDevice { () throws(ComputeError) in
            try linearized.inputGradient(cotangents: cotangents)
        }
        if countsZeros { try countZeros(gradient, outputs) }
        let operation = Operation.signStep(
            point: point, origin: origin, gradient: gradient, stepSize: settings.stepSize, eps: threat.eps,
            box: threat.box)
        try onDevice { () throws(ComputeError) in try model.backend.run(operation) }
    }

    private func startPoint(_ restart: Int) throws(AttackError) -> Buffer {
        let (model, origin, threat) = (model, origin, threat)
        guard settings.randomStart || restart > 0 else {
            return try onDevice { () throws(ComputeError) in
                let point = try model.backend.allocate(origin.count, origin.precision)
                try model.backend.copy(origin, to: point)
                return point
            }
        }
        var points = clean
        let size = batch.points.stride
        for i in 0..<count {
            var generator = SplitMix64(
                settings.seed, UInt64(restart), UInt64(truncatingIfNeeded: batch.firstIndex + i))
            for j in i * size..<(i + 1) * size {
                points[j] += Double.random(in: -threat.eps...threat.eps, using: &generator)
            }
        }
        return try onDevice { () throws(ComputeError) in
            let point = try model.backend.upload(points, as: origin.precision)
            // A step of length 0 only projects: rounding the sum may have left the ball.
            try model.backend.run(
                .signStep(
                    point: point, origin: origin, gradient: origin, stepSize: 0, eps: threat.eps, box: threat.box))
            return point
        }
    }

    private mutating func countZeros(_ gradient: Buffer, _ outputs: Outputs) throws(AttackError) {
        let model = model
        let numbers = try onDevice { () throws(ComputeError) in try model.backend.download(gradient) }
        let size = batch.points.stride
        precondition(numbers.count == count * size, "a gradient of \(numbers.count) numbers for \(count) × \(size)")
        for i in 0..<count {
            let row = numbers[i * size..<(i + 1) * size]
            guard row.allSatisfy({ $0.isFinite }) else { throw .gradientNotFinite(point: batch.firstIndex + i) }
            if !outputs.reaches(settings.goal, classes[i], i) && row.allSatisfy({ $0 == 0 }) { zeroGradients += 1 }
        }
    }

    /// Keeps each point that is better than what earlier runs found.
    private mutating func keep(_ points: [Double], _ outputs: Outputs) {
        guard var best else {
            best = (points, outputs)
            return
        }
        let size = batch.points.stride
        for i in 0..<count where isBetter(outputs, than: best.outputs, i) {
            best.points.replaceSubrange(i * size..<(i + 1) * size, with: points[i * size..<(i + 1) * size])
            best.outputs.replace(i, with: outputs)
        }
        self.best = best
    }

    private func isBetter(_ new: Outputs, than old: Outputs, _ i: Int) -> Bool {
        func rank(_ outputs: Outputs) -> (Int, Int, Double) {
            let isWrong = batch.labels.map { outputs.predicted(i) != $0[i] } ?? false
            return (outputs.reaches(settings.goal, classes[i], i) ? 1 : 0, isWrong ? 1 : 0, outputs.values[i])
        }
        return rank(new) > rank(old)
    }

    func examples(seconds: Double) -> AdversarialExamples {
        let (points, outputs) = best ?? (clean, cleanOutputs)
        let size = batch.points.stride
        let isSingle = model.precision == .float32
        let distances = (0..<count).map { i in
            (i * size..<(i + 1) * size).reduce(0.0) {
                let distance =
                    isSingle ? Double(abs(Float(points[$1]) - Float(clean[$1]))) : abs(points[$1] - clean[$1])
                return max($0, distance)
            }
        }
        return AdversarialExamples(
            points: Tensor(shape: batch.points.shape, elements: points), cleanPredictions: cleanOutputs.predictions,
            predictions: outputs.predictions, cleanValues: cleanOutputs.values, values: outputs.values,
            isSuccessful: (0..<count).map { outputs.reaches(settings.goal, classes[$0], $0) }, distances: distances,
            zeroGradients: zeroGradients, pointSteps: count * settings.steps * settings.restarts, seconds: seconds)
    }
}

/// Runs what talks to a device.
func onDevice<R>(_ body: () throws(ComputeError) -> R) throws(AttackError) -> R {
    do { return try body() } catch { throw .compute(error) }
}
