import Scheduling
import Testing

@Suite struct TilePlanTests {
    @Test(arguments: [0, 1, 2, 3, 7, 8, 9, 64, 65, 101], [1, 3, 8, 64])
    func lowerTriangleCoversEachPairOnce(count: Int, tile: Int) {
        let plan = TilePlan.lowerTriangle(count: count, tile: tile)
        var hits = [Int](repeating: 0, count: count * count)
        for tile in plan.tiles {
            #expect(tile.rows == tile.columns || tile.rows.lowerBound >= tile.columns.upperBound)
            var pairs = 0
            for i in tile.rows {
                for j in tile.columns where i >= j {
                    hits[i * count + j] += 1
                    pairs += 1
                }
            }
            #expect(pairs == tile.pairs)
        }
        for i in 0..<count {
            for j in 0..<count { #expect(hits[i * count + j] == (i >= j ? 1 : 0)) }
        }
        #expect(plan.pairs == count * (count + 1) / 2)
    }

    @Test(arguments: [(1, 1, 4), (5, 3, 2), (8, 8, 8), (9, 17, 8), (3, 0, 2)])
    func rectangleCoversEachPairOnce(rows: Int, columns: Int, tile: Int) {
        let plan = TilePlan.rectangle(rows: rows, columns: columns, tile: tile)
        var hits = [Int](repeating: 0, count: rows * columns)
        for tile in plan.tiles {
            for i in tile.rows { for j in tile.columns { hits[i * columns + j] += 1 } }
        }
        #expect(hits.allSatisfy { $0 == 1 })
        #expect(plan.pairs == rows * columns)
    }

    @Test func largeTilesComeFirstAndIndicesAreUnique() {
        let plan = TilePlan.lowerTriangle(count: 1000, tile: 96)
        #expect(zip(plan.tiles, plan.tiles.dropFirst()).allSatisfy { $0.pairs >= $1.pairs })
        #expect(Set(plan.tiles.map(\.index)) == Set(plan.tiles.indices))
    }

    @Test func shardsAreAPartitionOfNearlyEqualWork() {
        let plan = TilePlan.lowerTriangle(count: 1000, tile: 64)
        let shards = (0..<3).map { plan.shard($0, of: 3) }
        #expect(shards.flatMap(\.tiles).sorted { $0.index < $1.index } == plan.tiles.sorted { $0.index < $1.index })
        let pairs = shards.map(\.pairs)
        // Sorted work dealt in turn differs by at most the largest tile.
        #expect(pairs.max()! - pairs.min()! <= 64 * 64)
    }

    @Test func tilesThatAreDoneAreLeftOut() {
        let plan = TilePlan.lowerTriangle(count: 10, tile: 4)
        let rest = plan.excluding([0, 3])
        #expect(rest.tiles.map(\.index) == plan.tiles.map(\.index).filter { $0 != 0 && $0 != 3 })
        #expect(rest.rows == 10)
    }
}
