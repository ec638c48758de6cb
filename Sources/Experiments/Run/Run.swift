import Compute
import Datasets
import Foundation
import Scheduling
import Storage
import TangentKernels

/// One run: everything that the sections of a configuration ask for, in one run folder.
package struct Run: Sendable {
    let configuration: Configuration
    /// Name of the configuration, for the default folder.
    let name: String
    let backends: [any Backend]
    let version: BuildVersion
    /// Where the devices' work is recorded for `trace.json`.
    let trace: RunTrace?
    /// Text file for Prometheus.
    let metricsPath: String?
    let observer: RunObserver

    package init(
        _ configuration: Configuration, name: String, backends: [any Backend], version: BuildVersion,
        trace: RunTrace? = nil, metricsPath: String? = nil, observer: @escaping RunObserver = { _ in }
    ) {
        self.configuration = configuration
        self.name = name
        self.backends = backends
        self.version = version
        self.trace = trace
        self.metricsPath = metricsPath
        self.observer = observer
    }

    /// What a run leaves behind.
    package struct Outcome: Sendable {
        package let folder: String
        package let configuration: Configuration
        package let records: [ResultRecord]
        /// Whether everything was there already.
        package let isRepeated: Bool
    }

    /// Does what is missing. Cancelling the task ends it after the tiles in hand.
    /// - Throws: `ConfigurationError`, `DatasetError`, `RunFolderError`, `StorageError`, `InferenceError`,
    ///   `ComputeError`, `AttackError` or `RunError`; the run folder then says what failed.
    package func execute() async throws -> Outcome {
        observer(.stage("data"))
        let begin = ContinuousClock.now
        let dataset = try Dataset.load(configuration.data.request)
        observer(.note(dataset.summary))
        let program =
            configuration.kernel.predicting == nil
            ? nil : try configuration.program(inputShape: dataset.inputShape)
        let folder = try RunFolder.open(configuration, name: name, dataset)
        if folder.isResumed, try folder.status()?.state == .done {
            return Outcome(
                folder: folder.path, configuration: configuration, records: try folder.records(), isRepeated: true)
        }
        AtomicFile.removeLeftovers(in: folder.path)
        AtomicFile.removeLeftovers(in: folder.path + "/arrays")
        let journal = RunJournal(
            folder: folder, trace: trace, metrics: metricsPath.map { RunMetrics(path: $0, run: folder.path) },
            observer: observer)
        do {
            try journal.open(dataset, backends, version: version, seed: configuration.seed)
            journal.add(seconds: (ContinuousClock.now - begin) / .seconds(1), to: "data")
            let stages = RunStages(
                configuration: configuration, dataset: dataset, kernelProgram: program, backends: backends,
                folder: folder, journal: journal, version: version)
            let records = try await stages.execute()
            try folder.write(records)
            StageRecords(folder).remove()
            FactorStore.remove(from: folder, configuration)
            try journal.save()
            let drawing = ContinuousClock.now
            try Report(folder, isFinished: true).write()
            journal.add(seconds: (ContinuousClock.now - drawing) / .seconds(1), to: "report")
            try writeTrace(to: folder)
            try journal.close(.done)
            return Outcome(
                folder: folder.path, configuration: configuration, records: records, isRepeated: false)
        } catch {
            try? writeTrace(to: folder)
            if Task.isCancelled || Self.isInterruption(error) {
                let stage = journal.stage
                try? journal.close(.interrupted)
                throw RunError.interrupted(stage: stage)
            }
            // The folder may be what failed; the first error is the one to report.
            try? journal.close(.failed, message: "\(error)")
            throw error
        }
    }

    private func writeTrace(to folder: RunFolder) throws {
        guard let trace else { return }
        try folder.write(Data(try trace.json(backends).utf8), to: "trace.json")
    }

    private static func isInterruption(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError: true
        case SchedulingError.cancelled: true
        default: false
        }
    }
}

extension RunFolder {
    /// The folder of a run on a data set that has been read: made, or opened if it was made from the same.
    /// - Parameter name: of the configuration, for the default folder.
    static func open(_ configuration: Configuration, name: String, _ dataset: Dataset) throws -> RunFolder {
        var data: [String: String] = [:]
        for file in dataset.files { data[URL(fileURLWithPath: file.path).lastPathComponent] = file.sha256 }
        // Arrays of several attacks may have one name.
        for (place, section) in configuration.attacks.enumerated() {
            guard let path = section.path else { continue }
            data["attacks.\(place): \(URL(fileURLWithPath: path).lastPathComponent)"] = try SHA256.hex(ofFile: path)
        }
        let path = try configuration.output ?? defaultPath(name: name, id: configuration.runID)
        return try RunFolder(configuration, at: path, data: data) { bytes, path in
            try AtomicFile.write(Array(bytes), to: path)
        }
    }

    /// Makes the folder of a run before it starts, so that tasks elsewhere can work on it.
    package static func freeze(_ configuration: Configuration, name: String) throws -> RunFolder {
        try open(configuration, name: name, try Dataset.load(configuration.data.request))
    }
}

extension DataSection {
    /// The section in the terms of `Datasets`.
    package var request: DatasetRequest {
        DatasetRequest(
            name: name, root: root,
            classes: classes?.map {
                switch $0 {
                case .index(let index): ClassSelector.index(index)
                case .name(let name): ClassSelector.name(name)
                }
            },
            train: train, test: test, isBalanced: balanced, scaling: scale, targets: targets,
            arrays: trainInputs.flatMap { inputs in
                trainTargets.map { targets in
                    ArrayPaths(
                        trainInputs: inputs, trainTargets: targets, testInputs: testInputs, testTargets: testTargets)
                }
            })
    }
}
