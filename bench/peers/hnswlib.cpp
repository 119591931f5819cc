// hnswlib: one float32 graph, header-only, called as its own examples do.
#include <hnswlib/hnswlib.h>

#include "driver.hpp"

namespace {

class Hnswlib final : public peers::Engine {
public:
    explicit Hnswlib(peers::Metric metric) : metric_(metric) {}

    std::string description() const override { return "hnswlib, float32"; }

    void build(const peers::Matrix& base, int threads, int m, int ef_construction) override {
        if (metric_ == peers::Metric::L2)
            space_ = std::make_unique<hnswlib::L2Space>(base.columns);
        else
            space_ = std::make_unique<hnswlib::InnerProductSpace>(base.columns);
        index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), base.count, m, ef_construction);
        // The first one is the entry point that the others start from.
        index_->addPoint(base.row(0), 0);
        std::atomic<int> next{1};
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; t++)
            workers.emplace_back([&] {
                for (int i = next++; i < base.count; i = next++)
                    index_->addPoint(base.row(i), i);
            });
        for (auto& worker : workers)
            worker.join();
    }

    void set_effort(int ef) override { index_->setEf(ef); }

    void search(const float* query, int k, int64_t* ids) override {
        auto found = index_->searchKnn(query, k);
        // The queue gives the worst one first.
        for (int i = int(found.size()) - 1; i >= 0; i--) {
            ids[i] = int64_t(found.top().second);
            found.pop();
        }
    }

private:
    peers::Metric metric_;
    std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> index_;
};

}  // namespace

int main(int count, char** words) {
    return peers::run(count, words, [](const std::string& name, peers::Metric metric) -> std::unique_ptr<peers::Engine> {
        return name == "hnswlib" ? std::make_unique<Hnswlib>(metric) : nullptr;
    });
}
