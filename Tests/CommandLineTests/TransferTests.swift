import Compute
import Foundation
import Storage
import TestSupport
import Testing

/// `transfer`: the matrix, its records, and what it agrees with.
@Suite struct TransferTests {
    private static let sections = """
        inference: {diag_reg: 1e-3}
        attacks: [{name: pgd, eps: 0.1, steps: 5, clip: [0, 1]}]
        transfer:
          attack: {name: pgd, eps: 0.1, steps: 5, clip: [0, 1]}
          models:
            - {model: {preset: fc, depth: 1}}
            - {name: early, time: 10}
            - {train: 15, skip: 10, diag_reg: 0.1}
            - {kernel: nngp}
        save: [adversarial]
        """
    private static let labels = ["fc-2", "fc-1", "early", "fc-2-reg0.1-n15-from10", "fc-2-nngp"]

    private func records(_ run: SmallRun, _ kind: String) throws -> [[String: Any]] {
        try run.text("metrics.jsonl").split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.filter { $0["kind"] as? String == kind }
    }

    @Test func everyModelMeetsThePointsOfEveryOther() throws {
        let run = try SmallRun(test: 12, sections: Self.sections)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let matrix = try records(run, "transfer")
        #expect(matrix.count == 25)
        #expect(matrix.prefix(5).map { $0["source"] as? String } == Self.labels)
        #expect(stride(from: 0, to: 25, by: 5).map { matrix[$0]["target"] as? String } == Self.labels)
        // The run's own model under its own points is the run's own attack.
        let table = try run.text("results.csv").split(separator: "\n").map { $0.split(separator: ",") }
        let place = try #require(table[0].firstIndex(of: "robust_accuracy"))
        #expect(Double(table[1][place]) == matrix[0]["robust_accuracy"] as? Double)
        #expect(try run.numbers("transfer_fc-2") == run.numbers("adversarial_pgd_linf_eps0_tinf"))
        // All points of all sources lie in the ball.
        guard case .floating(let clean, _) = try NPY.read(run.folder("test_inputs.npy")) else { return }
        for label in Self.labels {
            let moved = try run.numbers("transfer_\(label)")
            #expect(zip(moved, clean.elements).allSatisfy { abs($0 - $1) <= 0.1 && $0 != .infinity })
            #expect(moved != clean.elements)
        }
        for record in matrix {
            let fooled = try #require(record["fooled"] as? Double)
            let accuracy = try #require(record["clean_accuracy"] as? Double)
            let robust = try #require(record["robust_accuracy"] as? Double)
            #expect((0...1).contains(fooled) && robust >= accuracy * (1 - fooled) - 1e-12)
        }
        let cosines = try records(run, "gradient-similarity")
        #expect(cosines.count == 10)
        #expect(
            cosines.allSatisfy { record in
                (record["mean_cosine"] as? Double).map { abs($0) <= 1 + 1e-12 } == true
                    && record["images"] as? Int == 12
            })
        #expect(result.output.contains("accuracy of") && result.output.contains("cosine with"))
        for file in ["transfer.csv", "gradient-similarities.csv", "figures/transfer.svg", "figures/transfer.vl.json"] {
            #expect(!(try run.text(file)).isEmpty)
        }
        #expect(try run.text("report.html").contains("transfer-gradients"))
    }

    /// A model that differs in nothing has the same points and gradients.
    @Test func aTwinIsEqual() throws {
        let run = try SmallRun(
            sections: """
                attacks: []
                transfer:
                  attack: {name: fgsm, eps: 0.1}
                  models: [{name: twin}, {name: other, train: 20}]
                  sources: [fc-2, twin]
                  targets: [twin, other]
                  images: 3
                """)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let matrix = try records(run, "transfer")
        #expect(matrix.map { $0["target"] as? String } == ["twin", "twin", "other", "other"])
        #expect(matrix[0]["robust_accuracy"] as? Double == matrix[1]["robust_accuracy"] as? Double)
        let cosines = try records(run, "gradient-similarity")
        #expect(cosines.map { $0["other"] as? String } == ["twin", "other", "other"])
        let twin = try #require(cosines[0]["mean_cosine"] as? Double)
        let other = try #require(cosines[1]["mean_cosine"] as? Double)
        #expect(abs(twin - 1) < 1e-6 && other < 0.999 && cosines[0]["images"] as? Int == 3)
    }

    /// A run that failed between two sources goes on with what it has and ends with the same bytes.
    @Test func aStoppedRunGoesOn() throws {
        let run = try SmallRun(sections: Self.sections)
        #expect(try run().code == 0)
        let whole = try run.text("metrics.jsonl")
        let found = try Self.labels.map { try run.numbers("transfer_\($0)") }
        try FileManager.default.removeItem(atPath: run.folder("run"))
        // An array that cannot be written stands in the way of the third source.
        let obstacle = run.folder("run/arrays/transfer_early.npy")
        try FileManager.default.createDirectory(atPath: obstacle + "/full", withIntermediateDirectories: true)
        let stopped = try run()
        #expect(stopped.code == 74, "\(stopped.error)")
        #expect(try !run.folder.read("run/stages/transfer/examples-early.npy").isEmpty)
        try FileManager.default.removeItem(atPath: obstacle)
        let begin = try run.text("log.jsonl").count
        #expect(try run().code == 0)
        #expect(try run.text("metrics.jsonl") == whole)
        #expect(try Self.labels.map { try run.numbers("transfer_\($0)") } == found)
        let log = try run.text("log.jsonl").dropFirst(begin)
        #expect(log.contains("transfer from fc-2-nngp") && !log.contains("transfer from early"))
        #expect(!log.contains("kernel fc-1") && !FileManager.default.fileExists(atPath: run.folder("run/stages")))
    }

    @Test func mistakes() throws {
        let far = try SmallRun(sections: "transfer: {models: [{skip: 25, train: 10}]}")()
        #expect(far.code == 64)
        #expect(far.error.contains("transfer.models.0: takes training points 25 to 35: there are 30"))
        let unlabelled = try SmallRun(labels: false, sections: "transfer: {models: []}")()
        #expect(unlabelled.code == 64 && unlabelled.error.contains("transfer: needs test labels"))
        for (section, sentence) in [
            ("{attack: {name: fgsm, eps: [0.1, 0.2]}}", "transfer.attack.eps: transfer takes one radius, not 2"),
            ("{attack: {name: file, path: a.npy}}", "transfer.attack.name: points of a file belong to no source"),
            ("{models: [{name: a/b}]}", "transfer.models.0.name: must be of letters"),
        ] {
            let result = try SmallRun(sections: "transfer: \(section)")()
            #expect(result.code == 64 && result.error.contains(sentence), "\(result.error)")
        }
    }
}
