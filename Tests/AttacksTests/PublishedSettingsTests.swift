import Compute
import Testing

@testable import Attacks

/// What attacks do where a configuration says nothing: the settings of their papers or of the programs published with
/// them, as the article of this target lists them.
@Suite struct PublishedSettingsTests {
    /// Madry et al. 2018 and its published program: steps of 2.5 ε / steps; 20 steps for evaluation.
    @Test func pgd() {
        let attack = PGD()
        #expect(attack.steps == 20 && attack.stepSize == nil && attack.momentum == 0 && attack.restarts == 1)
        #expect(attack.doubts(about: ThreatModel(eps: 0.3)).isEmpty)
    }

    /// Croce & Hein 2020, section 5, and the program "standard" version.
    @Test(arguments: [ThreatModel.Norm.linf, .l2]) func autoAttack(norm: ThreatModel.Norm) throws {
        let parts = AutoAttack().parts(norm)
        #expect(parts.map(\.name) == ["apgd-ce", "apgd-t", "fab-t", "square"])
        let ce = try #require(parts[0] as? APGD)
        #expect(ce.steps == 100 && ce.restarts == 1)
        let targeted = try #require(parts[1] as? APGD)
        #expect(targeted.steps == 100 && targeted.restarts == 1 && targeted.classes == 9)
        let fab = try #require(parts[2] as? FAB)
        #expect(fab.steps == 100 && fab.restarts == 1 && fab.classes == 9 && fab.isTargeted)
        let square = try #require(parts[3] as? Square)
        #expect(square.queries == 5000 && square.share == 0.8 && square.restarts == 1)
    }

    /// Croce & Hein 2021.
    @Test func autoAttackInL1() throws {
        let parts = AutoAttack().parts(.l1)
        let ce = try #require(parts[0] as? APGD)
        let targeted = try #require(parts[1] as? APGD)
        let fab = try #require(parts[2] as? FAB)
        #expect(ce.restarts == 5 && targeted.classes == 5 && fab.classes == 5)
    }

    /// Alone they do what they do as parts.
    @Test func alone() {
        #expect(APGD(.ratio).steps == 100 && APGD(.targeted).classes == 9)
        #expect(FAB().steps == 100 && FAB(isTargeted: true).classes == 9)
        #expect(Square().queries == 5000 && Square().share == 0.8)
    }

    /// Carlini & Wagner 2017; Moosavi-Dezfooli et al. 2016, with the numbers of the programs.
    @Test func nearestPoints() {
        let cw = CarliniWagner()
        #expect(cw.searches == 9 && cw.steps == 10_000 && cw.learningRate == 0.01 && cw.confidence == 0)
        #expect(DeepFool().steps == 50 && DeepFool().overshoot == 0.02)
    }
}
