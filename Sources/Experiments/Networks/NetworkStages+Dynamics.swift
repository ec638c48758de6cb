import Attacks
import Compute
import Foundation
import Inference
import Networks
import Scheduling
import Storage

extension NetworkStages {
    /// Records of the section `dynamics`: the empirical NTK at its moments. Its arrays are written on the way.
    func dynamics() async throws -> [ResultRecord] {
        guard let section = stages.configuration.dynamics, section.includes(subject.name) else { return [] }
        let moments = section.moments(epochs: training.epochs, length: length)
        guard !moments.isEmpty else { return [] }
        return try await stages.once("dynamics \(subject.label)") {
            let course = DynamicsCourse(section: section, net: self, moments: moments)
            return try course.execute()
        }
    }
}

/// The empirical NTK of one net at several moments of its training.
struct DynamicsCourse {
    let section: DynamicsSection
    let net: NetworkStages
    /// Steps that are done, in order.
    let moments: [Int]

    private var precision: Precision { section.precision ?? net.precision }
    private var folder: RunFolder { net.stages.folder }
    private var label: String { net.subject.label }

    /// Points of each kernel: as many as every batch has.
    private func pointCount(_ data: TrainingSet) -> Int {
        let wanted = section.points ?? net.training.batchSize
        guard section.batch == .current else { return min(wanted, data.points.count) }
        return moments.reduce(wanted) { min($0, data.batch(at: $1, net.training).indices.count) }
    }

    func execute() throws -> [ResultRecord] {
        let data = try net.trainingSet()
        let count = pointCount(data)
        try requireMemory(count)
        var kernels: [HostMatrix] = []
        var batches: [TrainingSet] = []
        let progress = StepProgress(
            ProgressLine(label: "dynamics \(label)", item: "kernels", unit: "kernels"), total: moments.count,
            net.stages.journal)
        for step in moments {
            try Task.checkCancellation()
            let network = try net.network(step: step, on: net.backend, precision)
            let batch = try batch(at: step, data, network, count)
            kernels.append(try kernel(step, network, batch.points))
            batches.append(batch)
            progress.add(1)
        }
        let parts = try DynamicsParts(kernels, section)
        try export(kernels, batches, parts)
        return moments.indices.map { record($0, parts, kernels[$0], batches[$0]) }
    }

    /// Refuses what cannot fit before hours are spent on it.
    private func requireMemory(_ count: Int) throws {
        let size = count * (section.form == .full ? net.plan.outputs : 1)
        let needed = moments.count * size * size * (precision.byteCount + 16)
        let limit = net.stages.configuration.compute.memoryLimit ?? ProcessMemory.standardLimit
        guard needed > limit else { return }
        throw net.stages.configuration.error(
            at: "dynamics",
            "\(moments.count) kernels of \(size) × \(size) and their parts need \(needed.byteSize) and \(limit.byteSize) may "
                + "be used; take fewer epochs or points, or form: trace")
    }

    /// The points that the kernel is taken at.
    private func batch(at step: Int, _ data: TrainingSet, _ network: Network, _ count: Int) throws -> TrainingSet {
        var (batch, position) = (data, 0)
        if section.batch == .current {
            let current = data.batch(at: step, net.training)
            (batch, position) = (current.batch, current.position)
        } else {
            batch = data.first(count)
        }
        guard section.inputs == .trained, step > 0, let perturbation = net.perturbation else {
            return batch.first(count)
        }
        // The attack has the precision of the training.
        let attacked =
            precision == net.precision ? network : try net.network(step: step, on: net.backend, net.precision)
        let points = try perturbation.perturb(batch.points, labels: batch.labels, position: position, of: attacked)
        return TrainingSet(points: points, targets: batch.targets, labels: batch.labels).first(count)
    }

    /// Found where an interrupted run has left it, or computed and left there.
    private func kernel(_ step: Int, _ network: Network, _ points: Tensor<Double>) throws -> HostMatrix {
        let place = "\(folder.path)/stages/dynamics_\(label)"
        let path = "\(place)/kernel_\(step).npy"
        let size = points.count * (section.form == .full ? net.plan.outputs : 1)
        if let known = try? NPY.readMatrix(path), known.rows == size, known.precision == precision { return known }
        let kernel = try EmpiricalNTK(network, form: section.form, memoryLimit: section.memoryLimit).kernel(points)
        try Folder.make(place)
        try NPY.write(kernel, to: path)
        return kernel
    }

    // MARK: Results

    private func record(
        _ place: Int, _ parts: DynamicsParts, _ kernel: HostMatrix, _ batch: TrainingSet
    ) -> ResultRecord {
        let step = moments[place]
        var fields: [PlainValue.Member] =
            [.init("kind", .text(RecordKind.dynamics.rawValue))] + net.subject.fields + [
                .init("step", .integer(step)), .init("epoch", .number(Double(step) / Double(net.length))),
                .init("points", .integer(batch.points.count)), .init("size", .integer(kernel.rows)),
            ]
        for (name, dynamics) in parts.all {
            let prefix = name.isEmpty ? "" : "\(name)_"
            fields += [
                .init("\(prefix)norm", .number(dynamics.norms[place])),
                .init("\(prefix)distance", .number(dynamics.distances.elements[place])),
                .init(
                    "\(prefix)last_distance",
                    .optional(
                        place > 0 ? dynamics.distances.elements[place * moments.count + place - 1] : nil)),
                .init("\(prefix)radius", .number(dynamics.radii[place])),
                .init("\(prefix)angle", .number(dynamics.angles[place])),
            ]
        }
        let spectrum = parts.spectra[place]
        for (p, share) in zip(section.concentration, spectrum.concentrations) {
            fields.append(.init("concentration_\(p)", .number(share)))
        }
        fields += [
            .init("effective_rank", .number(spectrum.effectiveRank)),
            .init(
                "alignment",
                .number(
                    traced(kernel, batch.points.count).alignment(
                        with: TrainingSet.targets(batch.labels, outputs: net.plan.outputs)))),
        ]
        return ResultRecord(fields: fields)
    }

    /// [T, …] arrays of all moments.
    private func export(_ kernels: [HostMatrix], _ batches: [TrainingSet], _ parts: DynamicsParts) throws {
        let times = moments.count
        try folder.export(labels: moments, "dynamics_steps_\(label)")
        for (name, dynamics) in parts.all {
            let suffix = (name.isEmpty ? "" : "\(name)_") + label
            try folder.export(dynamics.products, "dynamics_products_\(suffix)", .float64)
            try folder.export(dynamics.distances, "dynamics_distances_\(suffix)", .float64)
        }
        let eigenvalues = parts.spectra.flatMap(\.eigenvalues)
        try folder.export(
            Tensor(shape: [times, eigenvalues.count / times], elements: eigenvalues),
            "dynamics_eigenvalues_\(label)", .float64)
        let count = batches[0].points.count
        try NPY.write(
            Tensor(shape: [times, count], elements: batches.flatMap { $0.labels.map { Int32($0) } }),
            to: folder.array("dynamics_labels_\(label)"))
        let path = folder.array("empirical_ntk_\(label)")
        try NPY.write(shape: [times, count, count], type: .float32, to: path) { sink throws(StorageError) in
            for kernel in kernels { try sink.write(traced(kernel, count).floats) }
        }
    }

    /// The mean over equal outputs, [points, points].
    private func traced(_ kernel: HostMatrix, _ count: Int) -> HostMatrix {
        let k = kernel.rows / count
        guard k > 1, let result = try? HostMatrix(rows: count, columns: count, precision: .float64) else {
            return kernel
        }
        result.withElements(as: Double.self) { target in
            for i in 0..<count {
                for j in 0..<count {
                    target[i * count + j] = (0..<k).reduce(0) { $0 + kernel[i * k + $1, j * k + $1] } / Double(k)
                }
            }
        }
        return result
    }
}

/// Kernels along training as a whole, the part of their largest eigenvalues, and the rest.
struct DynamicsParts {
    /// What is left of a spectrum without its vectors.
    struct Eigenvalues {
        let eigenvalues: [Double]
        let concentrations: [Double]
        let effectiveRank: Double
    }

    let spectra: [Eigenvalues]
    /// By name: the whole one has none.
    let all: [(name: String, dynamics: KernelDynamics)]

    init(_ kernels: [HostMatrix], _ section: DynamicsSection) throws {
        var (spectra, top, bottom) = ([Eigenvalues](), [HostMatrix](), [HostMatrix]())
        for kernel in kernels {
            try Task.checkCancellation()
            let spectrum = try Spectrum(of: kernel)
            spectra.append(
                Eigenvalues(
                    eigenvalues: spectrum.eigenvalues,
                    concentrations: section.concentration.map { spectrum.concentration(top: $0) },
                    effectiveRank: spectrum.effectiveRank))
            let border = min(section.top, spectrum.n)
            top.append(try spectrum.part(0..<border))
            bottom.append(try spectrum.part(border..<spectrum.n))
        }
        self.spectra = spectra
        all = [("", KernelDynamics(kernels)), ("top", KernelDynamics(top)), ("bottom", KernelDynamics(bottom))]
    }
}

extension TrainingSet {
    /// The first points.
    fileprivate func first(_ count: Int) -> TrainingSet {
        let count = min(count, points.count)
        return TrainingSet(
            points: points[0..<count], targets: targets[0..<count], labels: Array(labels[..<count]))
    }
}

extension HostMatrix {
    /// All numbers, row-major, rounded.
    fileprivate var floats: [Float] {
        switch precision {
        case .float32: withElements(as: Float.self) { Array($0) }
        case .float64: withElements(as: Double.self) { $0.map { Float($0) } }
        }
    }
}
