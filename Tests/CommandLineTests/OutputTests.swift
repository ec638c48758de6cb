import Foundation
import Testing

/// What a run folder holds.
@Suite struct OutputTests {
    private static let sections = """
        kernel: {type: ntk, test_test: true}
        inference: {diag_reg: 1e-3, time: [10, inf]}
        attacks:
          - {name: fgsm, eps: [0, 0.1]}
          - {name: pgd, eps: 0.1, steps: 3}
        save: [kernels, predictions, gradients, adversarial]
        """

    private static let attacks = ["fgsm_linf_eps0", "fgsm_linf_eps1", "pgd_linf_eps0"]

    /// n = 30, m = 7.
    private static func expectedShapes(outputs k: Int, image: [Int]) -> [String: [Int]] {
        var shapes: [String: [Int]] = ["test_inputs": [7] + image]
        for kind in ["ntk", "nngp"] {
            shapes["\(kind)_train_train"] = [30, 30]
            shapes["\(kind)_test_train"] = [7, 30]
            shapes["\(kind)_test_test"] = [7, 7]
        }
        for time in ["t10", "tinf"] {
            shapes["predictions_\(time)"] = [7, k]
            shapes["input_gradients_\(time)"] = [7, k] + image
            for attack in attacks {
                shapes["adversarial_\(attack)_\(time)"] = [7] + image
                shapes["adversarial_predictions_\(attack)_\(time)"] = [7, k]
                shapes["mean_perturbations_\(attack)_\(time)"] = [max(k, 2)] + image
            }
        }
        return shapes
    }

    @Test(arguments: [(2, 1, [4, 4, 1]), (3, 3, [4, 2, 3]), (3, 3, [9])])
    func arrays(classes: Int, outputs: Int, image: [Int]) throws {
        let run = try SmallRun(classes: classes, shape: image, sections: Self.sections)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let shapes = Self.expectedShapes(outputs: outputs, image: image)
        #expect(run.arrays == shapes.keys.sorted())
        for (name, shape) in shapes { #expect(try run.shape(name) == shape, "\(name)") }

        // Radius 0 returns the input bit for bit, and its predictions are the clean ones.
        let clean = try run.numbers("../../test_inputs")
        #expect(try run.numbers("adversarial_fgsm_linf_eps0_tinf") == clean)
        let predictions = try run.numbers("predictions_tinf")
        for (a, b) in zip(predictions, try run.numbers("adversarial_predictions_fgsm_linf_eps0_tinf")) {
            #expect(abs(a - b) < 1e-4)
        }
        let moved = try run.numbers("adversarial_pgd_linf_eps0_tinf")
        #expect(zip(moved, clean).allSatisfy { abs($0 - $1) <= 0.1 + 1e-7 } && moved != clean)
        #expect(try run.numbers("predictions_t10") != predictions)
    }

    @Test func records() throws {
        let run = try SmallRun(sections: Self.sections)
        let result = try run()
        #expect(result.code == 0)
        let lines = try run.text("metrics.jsonl").split(separator: "\n")
        // Doubts about a net that learns noise are records of a kind of their own.
        let records = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }.filter { $0["kind"] == nil }
        #expect(records.map { $0["attack"] as? String } == ["fgsm", "fgsm", "pgd", "fgsm", "fgsm", "pgd"])
        #expect(records.map { $0["eps"] as? Double } == [0, 0.1, 0.1, 0, 0.1, 0.1])
        #expect(records[0]["time"] as? Double == 10 && records[3]["time"] as? String == "inf")
        #expect(records.allSatisfy { $0["norm"] as? String == "linf" && $0["count"] as? Int == 7 })

        // The accuracy is the share of exported predictions whose largest output is the label.
        let predictions = try run.numbers("predictions_tinf")
        let right = (0..<7).count { point in
            let outputs = predictions[3 * point..<3 * point + 3]
            return outputs.max() == outputs[3 * point + point % 3]
        }
        let accuracy = try #require(records[3]["clean_accuracy"] as? Double)
        #expect(abs(accuracy - Double(right) / 7) < 1e-12)
        #expect(records[3]["robust_accuracy"] as? Double == accuracy)

        let table = try run.text("results.csv").split(separator: "\n").map { $0.split(separator: ",") }
        #expect(table.count == 7)
        #expect(table[0].prefix(7) == ["attack", "norm", "eps", "time", "count", "clean_accuracy", "robust_accuracy"])
        #expect(table.dropFirst().map { $0[0] } == ["fgsm", "fgsm", "pgd", "fgsm", "fgsm", "pgd"])
        #expect(result.output.contains("clean accuracy  robust accuracy"))
        #expect(result.output.split(separator: "\n").count == 3 + 1 + 6)
    }

    @Test func manifestAndStatus() throws {
        let run = try SmallRun(sections: Self.sections)
        #expect(try run("seed=3").code == 0)
        let manifest = try run.json("manifest.json")
        #expect((manifest["version"] as? String)?.isEmpty == false)
        #expect(manifest["seeds"] as? [String: Int] == ["run": 3])
        #expect((manifest["peak_memory"] as? Int ?? 0) > 1 << 20)
        let seconds = try #require(manifest["seconds"] as? [String: Double])
        #expect(Set(["data", "kernel", "regression", "predictions"]).isSubset(of: seconds.keys))
        let data = try #require(manifest["data"] as? [String: String])
        #expect(
            data.keys.sorted() == ["test_inputs.npy", "test_targets.npy", "train_inputs.npy", "train_targets.npy"])
        #expect(data.values.allSatisfy { $0.count == 64 })
        let devices = try #require(manifest["devices"] as? [[String: Any]])
        #expect(devices.count == 1 && devices[0]["backend"] as? String == "cpu")

        let status = try run.json("status.json")
        #expect(status["state"] as? String == "done")
        #expect(status["stage"] as? String == "attack pgd t=inf")
        let done = try #require(status["tiles_done"] as? Int)
        #expect(done > 0 && status["tiles_total"] as? Int == done)

        let shown = try run.program("status", "run")
        #expect(shown.code == 0 && shown.error == "")
        let rows = shown.output.split(separator: "\n")
        #expect(rows.count == 2 && rows[1].hasPrefix("run  done   attack pgd t=inf  \(done) of \(done)  "))
        let foreign = try run.program("status", "home")
        #expect(foreign.code == 64)
        #expect(foreign.error == "ntk: 'home' is no run folder: it holds no config.yaml\n")
    }

    @Test func aFinishedRunIsNotRepeated() throws {
        let run = try SmallRun(sections: Self.sections)
        let first = try run()
        let before = try run.text("manifest.json")
        let second = try run()
        #expect(second.code == 0 && second.output == first.output)
        #expect(second.complaints.last == "ntk: nothing to do: run holds this run already")
        #expect(try run.text("manifest.json") == before)
        let quiet = try run("--quiet")
        #expect(quiet.code == 0 && quiet.output == first.output && quiet.error == "")
    }

    @Test func anotherConfigurationOrOtherDataAreRefused() throws {
        let run = try SmallRun(sections: "save: [predictions]")
        #expect(try run().code == 0)
        let other = try run("inference.diag_reg=0.5", "model.depth=3")
        #expect(other.code == 64)
        #expect(
            other.complaints.last
                == "ntk: the run folder 'run' was made from another configuration (differs in: "
                + "inference.diag_reg, model.depth); choose another output or remove the folder")
        var bytes = try run.folder.read("test_targets.npy")
        bytes[bytes.count - 4] ^= 1
        try run.folder.write(bytes, to: "test_targets.npy")
        let changed = try run()
        #expect(changed.code == 64)
        #expect(
            changed.complaints.last
                == "ntk: the run folder 'run' was made from other data (differs in: the content of "
                + "test_targets.npy); choose another output or remove the folder")
        #expect(try run("output=fresh").code == 0)
        let taken = try run("output=.")
        #expect(taken.code == 64)
        #expect(taken.error.contains("'.' is no run folder (it holds "))
    }
}
