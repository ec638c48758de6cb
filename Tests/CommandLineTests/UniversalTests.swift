import Compute
import Storage
import Testing

/// `attacks: [{name: universal}]`: one perturbation for all points, from the configuration to arrays and report.
@Suite struct UniversalTests {
    @Test(arguments: ["test", "train"]) func onePerturbationForAllPoints(fit: String) throws {
        let run = try SmallRun(
            test: 9,
            sections: """
                inference: {diag_reg: 1e-2}
                attacks: [{name: universal, eps: [0, 0.1], steps: 5, fit: \(fit), clip: [0, 1]}]
                save: [adversarial]
                """)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        #expect(try run.shape("perturbation_universal_linf_eps1_tinf") == [4, 4, 1])
        let delta = try run.numbers("perturbation_universal_linf_eps1_tinf")
        #expect(delta.allSatisfy { abs($0) <= 0.1 })
        // The training points are right at first; of random test points, no perturbation need change more than it mends.
        if fit == "train" { #expect(delta.contains { abs($0) > 0.01 }) }
        #expect(try run.numbers("perturbation_universal_linf_eps0_tinf").allSatisfy { $0 == 0 })
        guard case .floating(let clean, _) = try NPY.read(run.folder("test_inputs.npy")) else { return }
        let moved = try run.numbers("adversarial_universal_linf_eps1_tinf")
        for (index, number) in moved.enumerated() {
            let wanted = min(max(clean.elements[index] + delta[index % 16], 0), 1)
            #expect(abs(number - wanted) < 1e-6)
        }
        #expect(try run.numbers("adversarial_universal_linf_eps0_tinf") == clean.elements)
        #expect(try run.text("report.html").contains("id=\"mean-perturbations\""))
        #expect(try run.shape("mean_perturbations_universal_linf_eps1_tinf") == [3, 4, 4, 1])
    }
}
