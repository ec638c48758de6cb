import Testing

@testable import Inference

@Suite struct RankCorrelationTests {
    @Test func orderIsAllThatCounts() {
        #expect(RankCorrelation.spearman([1, 2, 3, 4], [0.1, 7, 8, 1e9]) == 1)
        #expect(RankCorrelation.spearman([1, 2, 3, 4], [3, 2, -1, -8]) == -1)
    }

    @Test func tiesShareTheirRanks() throws {
        #expect(RankCorrelation.ranks([3, 1, 4, 1, 5]) == [3, 1.5, 4, 1.5, 5])
        // scipy.stats.spearmanr
        let found = try #require(RankCorrelation.spearman([3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]))
        #expect(abs(found - 0.198_853_681_209_924_67) < 1e-15)
    }

    @Test func constantsHaveNone() {
        #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
        #expect(RankCorrelation.spearman([1], [2]) == nil)
        #expect(RankCorrelation.spearman([], []) == nil)
    }
}
