import Compute
import Foundation
import Storage
import TestSupport
import Testing

/// The sections `networks` and `dynamics`: records, arrays, and training that is interrupted.
@Suite struct NetworkTests {
    /// A convolutional net with standard and adversarial training, and a wide one beside its kernel.
    private static let sections = """
        kernel: {type: none}
        attacks: [{name: fgsm, eps: [0, 0.1], clip: [0, 1]}]
        save: [predictions, adversarial]
        networks:
          - name: standard
            model: {layers: [{conv: {filter: 3, width: 4}}, relu, {max_pool: {window: 2, stride: 2}}, flatten, dense]}
            training: {epochs: 6, batch: 10, learning_rate: 0.1, momentum: 0.5, shuffle: true}
          - name: adversarial
            model: {layers: [{conv: {filter: 3, width: 4}}, relu, {max_pool: {window: 2, stride: 2}}, flatten, dense]}
            training: {epochs: 6, batch: 10, learning_rate: 0.1}
            linearize: {epoch: 4}
            adversarial: {name: pgd, eps: 0.1, steps: 3, random_start: true, clip: [0, 1]}
            attacked: 0.5
            evaluate: {epochs: [2, 6], points: 20}
          - name: wide
            model: {preset: fc, depth: 1}
            width: 64
            seeds: [0, 3]
            centred: true
            training: {epochs: 6, batch: 10, learning_rate: 0.5, loss: mse}
            kernel: {epochs: [1, 6], points: 5, attack: {name: fgsm, eps: 0.1, clip: [0, 1]}}
        transfer: {attack: {name: fgsm, eps: 0.1, clip: [0, 1]}, images: 3}
        dynamics: {networks: [standard, adversarial], epochs: [0, 3, 6], steps: [1], points: 10, top: 5, concentration: [5]}
        """

    private static func make() throws -> SmallRun { try SmallRun(sections: sections) }

    private func records(_ run: SmallRun, _ kind: String?) throws -> [[String: Any]] {
        try run.text("metrics.jsonl").split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.filter { $0["kind"] as? String == kind }
    }

    private func integers(_ records: [[String: Any]], _ key: String) -> [Int] { records.compactMap { $0[key] as? Int } }

    private func doubles(_ records: [[String: Any]], _ key: String) -> [Double] {
        records.compactMap { $0[key] as? Double }
    }

    private func names(_ records: [[String: Any]]) -> [String] { records.compactMap { $0["network"] as? String } }

    /// ‖x‖² of numbers.
    private func squares(_ numbers: some Sequence<Double>) -> Double {
        var sum = 0.0
        for number in numbers { sum += number * number }
        return sum
    }

    /// Everything that was measured or trained, by name.
    private static func files(_ run: SmallRun) throws -> [String: [UInt8]] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.folder("run"))
        let parts = ["networks/", "arrays/", "stages"]
        let files = names.filter { name in
            (parts.contains { name.hasPrefix($0) } || name.hasSuffix(".csv") || name == "metrics.jsonl")
                && (name.contains(".") || name == "stages")
        }
        return Dictionary(uniqueKeysWithValues: try files.map { ($0, try run.folder.read("run/" + $0)) })
    }

    private static let whole = Result {
        let run = try make()
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        return (run, result.output)
    }

    @Test func recordsOfTraining() throws {
        let (run, _) = try Self.whole.get()
        let epochs = try records(run, "epoch")
        let standard = epochs.filter { $0["network"] as? String == "standard" }
        #expect(integers(standard, "epoch") == Array(0...6))
        #expect(integers(standard, "step") == [0, 3, 6, 9, 12, 15, 18])
        let losses = doubles(standard, "loss")
        #expect(losses.count == 6 && losses[5] < losses[0])
        // Without an attack there is no robust accuracy; at the chosen epochs there is.
        #expect(doubles(standard, "train_accuracy").count == 7)
        #expect(doubles(standard, "train_robust_accuracy").isEmpty)
        let adversarial = epochs.filter { $0["network"] as? String == "adversarial" }
        let measured = adversarial.filter { $0["test_robust_accuracy"] is Double }
        #expect(integers(measured, "epoch") == [2, 6])
        #expect(integers(measured, "train_count") == [20, 20] && integers(measured, "test_count") == [7, 7])
        let wide = epochs.filter { $0["network"] as? String == "wide" }
        #expect(wide.count == 14 && Set(integers(wide, "seed")) == [0, 3])
    }

    /// The kernel of a tangent model is that of the net where it was linearized, wherever its parameters are.
    @Test func tangentModelsKeepTheirKernel() throws {
        let run = try SmallRun(
            sections: """
                kernel: {type: none}
                networks: [{name: net, width: 8, training: {epochs: 4, batch: 10, learning_rate: 0.5}, linearize: {epoch: 2}}]
                dynamics: {epochs: [0, 2, 3, 4], batch: fixed, points: 10}
                """)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let records = try records(run, "dynamics")
        let (distances, norms) = (doubles(records, "distance"), doubles(records, "norm"))
        #expect(distances.count == 4 && distances[1] > 1e-4)
        #expect(abs(distances[2] - distances[1]) < 1e-6 && abs(distances[3] - distances[1]) < 1e-6)
        #expect(abs(norms[3] / norms[1] - 1) < 1e-5)
        let losses = doubles(try self.records(run, "epoch"), "loss")
        #expect(losses.count == 4 && losses[3] < losses[1])
    }

    @Test func attacksOnTrainedNets() throws {
        let (run, output) = try Self.whole.get()
        let attacks = try records(run, nil)
        #expect(
            names(attacks) == [
                "standard", "standard", "adversarial", "adversarial", "wide", "wide", "wide", "wide",
            ])
        // At eps 0 nothing is moved.
        for pair in stride(from: 0, to: attacks.count, by: 2) {
            let accuracy = attacks[pair]["clean_accuracy"] as? Double
            #expect(accuracy != nil && attacks[pair]["robust_accuracy"] as? Double == accuracy)
        }
        #expect(output.contains("net          time  attack  norm"))
        #expect(output.contains("wide-s3         -  fgsm"))
        for label in ["standard", "adversarial", "wide-s0", "wide-s3"] {
            #expect(try run.shape("predictions_\(label)") == [7, 3])
            #expect(try run.shape("adversarial_fgsm_linf_eps1_\(label)") == [7, 4, 4, 1])
        }
    }

    /// Nets take part in the transfer matrix; a net's own points are those of the section `attacks`.
    @Test func transferBetweenNets() throws {
        let (run, _) = try Self.whole.get()
        let transfers = try records(run, "transfer")
        let labels = ["net-standard", "net-adversarial", "net-wide-s0", "net-wide-s3"]
        #expect(Set(transfers.compactMap { $0["source"] as? String }) == Set(labels) && transfers.count == 16)
        let own = transfers.filter { $0["source"] as? String == $0["target"] as? String }
        let attacks = try records(run, nil).filter { $0["eps"] as? Double == 0.1 }
        #expect(doubles(own, "robust_accuracy") == doubles(attacks, "robust_accuracy"))
        #expect(try records(run, "gradient-similarity").count == 6)
    }

    @Test func kernelsAlongTraining() throws {
        let (run, _) = try Self.whole.get()
        let records = try records(run, "dynamics").filter { $0["network"] as? String == "adversarial" }
        #expect(integers(records, "step") == [0, 1, 9, 18])
        let products = try run.numbers("dynamics_products_adversarial")
        let (norms, distances) = (doubles(records, "norm"), doubles(records, "distance"))
        for place in 0..<4 {
            #expect(abs(norms[place] * norms[place] / products[5 * place] - 1) < 1e-12)
            let cosine = products[place] / norms[0] / norms[place]
            #expect(abs(1 - cosine - distances[place]) < 1e-12)
        }
        let all = try run.numbers("dynamics_distances_adversarial")
        #expect(distances[0] == 0 && distances[3] > 0 && all.count == 16)
        #expect(doubles(records, "radius").last == 1)
    }

    /// Σ λ² = ‖Θ‖² = ‖top‖² + ‖bottom‖²; the trace form is the mean over equal outputs.
    @Test func partsOfKernels() throws {
        let (run, _) = try Self.whole.get()
        let records = try records(run, "dynamics").filter { $0["network"] as? String == "adversarial" }
        #expect(try run.shape("dynamics_eigenvalues_adversarial") == [4, 30])
        let eigenvalues = try run.numbers("dynamics_eigenvalues_adversarial")
        for (place, record) in records.enumerated() {
            let own = eigenvalues[30 * place..<30 * (place + 1)]
            let (whole, top) = (squares(own), squares(own.prefix(5)))
            let norm = try #require(record["norm"] as? Double)
            #expect(abs(whole.squareRoot() / norm - 1) < 1e-5)
            let concentration = try #require(record["concentration_5"] as? Double)
            #expect(abs(concentration - top / whole) < 1e-12)
            let parts = [record["top_norm"], record["bottom_norm"]].compactMap { $0 as? Double }
            #expect(parts.count == 2 && abs(squares(parts) / whole - 1) < 1e-9)
        }
        let trace = try run.numbers("empirical_ntk_adversarial")
        #expect(try run.shape("empirical_ntk_adversarial") == [4, 10, 10])
        var diagonal = 0.0
        for point in 0..<10 { diagonal += trace[point * 11] }
        #expect(abs(3 * diagonal / eigenvalues[..<30].reduce(0, +) - 1) < 1e-5)
        #expect(try run.shape("dynamics_labels_adversarial") == [4, 10])
    }

    @Test func besideTheKernel() throws {
        let (run, _) = try Self.whole.get()
        let records = try records(run, "comparison")
        #expect(integers(records, "epoch") == [1, 1, 6, 6])
        #expect(doubles(records, "time") == [1.5, 1.5, 9, 9])
        // With 64 neurons the net's gradient is the kernel's with noise of about √(16/64) of it.
        let cosines = doubles(records, "mean_cosine")
        #expect(cosines.count == 4 && cosines.allSatisfy { $0 > 0.5 && $0 <= 1 })
        // The kernel's own figures do not depend on the net's seed.
        let accuracies = doubles(records, "kernel_accuracy")
        #expect(accuracies.count == 4 && accuracies[0] == accuracies[1])
    }

    /// Killed in the middle of training: the same command goes on from a checkpoint and ends with the same bytes.
    @Test(arguments: ["standard", "adversarial", "wide-s3"]) func killedBetweenEpochs(net: String) throws {
        let run = try Self.make()
        let result = try run.program.run(nil, ["run", "small.yaml", "output=run"]) { process in
            let checkpoint = run.folder("run/networks/\(net)/checkpoint.npy")
            while !FileManager.default.fileExists(atPath: checkpoint) && process.isRunning { usleep(500) }
            kill(process.processIdentifier, SIGKILL)
        }
        // So small a run may be over before the signal comes; then there is nothing to go on with.
        if result.signal == SIGKILL {
            #expect(try run().code == 0)
        } else {
            #expect(result.code == 0)
        }
        let (resumed, whole) = try (Self.files(run), Self.files(Self.whole.get().0))
        #expect(resumed.keys.sorted() == whole.keys.sorted())
        for (name, bytes) in whole { #expect(resumed[name] == bytes, "\(name)") }
    }

    @Test func damagedCheckpoint() throws {
        let run = try Self.make()
        _ = try run.program.run(nil, ["run", "small.yaml", "output=run"]) { process in
            let checkpoint = run.folder("run/networks/standard/checkpoint.npy")
            while !FileManager.default.fileExists(atPath: checkpoint) && process.isRunning { usleep(500) }
            kill(process.processIdentifier, SIGKILL)
        }
        let path = "run/networks/standard/checkpoint.npy"
        guard FileManager.default.fileExists(atPath: run.folder(path)) else { return }
        try NPY.write(Tensor(shape: [2], elements: [1.0, 2]), to: run.folder(path))
        let result = try run()
        #expect(result.code == 74)
        #expect(result.complaints.last?.contains("checkpoint.npy is no checkpoint of this net") == true)
    }

    @Test func stepsBeyondTraining() throws {
        let run = try SmallRun(
            sections: """
                kernel: {type: none}
                networks: [{name: small, width: 4, training: {epochs: 2, batch: 10}}]
                dynamics: {epochs: [0], steps: [7]}
                """)
        let result = try run()
        #expect(result.code == 64)
        #expect(
            result.complaints.last
                == "ntk: small.yaml:11: dynamics.steps.0: there is no step 7: the training of small has 6")
    }

    @Test func netsThatCannotBeBuilt() throws {
        let run = try SmallRun(
            sections: """
                kernel: {type: none}
                networks: [{model: {layers: [relu, flatten]}}]
                """)
        let result = try run()
        #expect(result.code == 64)
        #expect(
            result.complaints.last?.contains("small.yaml:10: networks.0: a finite net needs a dense or conv") == true)
    }
}
