import Testing

@testable import Experiments

@Suite struct FeaturesSectionTests {
    @Test func machineSizes() {
        var section = FeaturesSection()
        #expect(section.machineSizes(100) == [1, 2, 5, 10, 20, 50, 100])
        #expect(section.machineSizes(30) == [1, 2, 5, 10, 20, 30])
        #expect(section.machineSizes(1) == [1])
        section.machines = [3, 40]
        #expect(section.machineSizes(30) == [3])
        section.machines = []
        #expect(section.machineSizes(30) == [])
    }

    @Test func whichFeatures() {
        var section = FeaturesSection()
        section.count = 3
        section.indices = [9, 1, 6]
        #expect(section.features(of: 12) == [0, 1, 2, 9, 6])
        #expect(section.features(of: 2) == [0, 1, 9, 6])
        #expect(section.wantedEigenvalues(of: 12) == 10)
        #expect(section.wantedEigenvalues(of: 5) == 5)
    }
}
