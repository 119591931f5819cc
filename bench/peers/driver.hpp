// What every C++ peer shares: its data, the pinned and timed search threads, and the lines it talks in. A peer is a
// program of its own, so that nothing of one library's memory, threads or settings reaches another one.
//
//   started as    PROGRAM ENGINE BASE QUERIES METRIC K    METRIC: ip, l2 or cosine
//
//   harness                        peer
//                                  ready TEXT             what runs here, for people
//   build THREADS M EFC            built SECONDS
//   search EF THREADS              found ID ID ID ...     K for each query, best first; -1 where fewer were found
//   time EF THREADS SECONDS        timed QUERIES SECONDS  whole passes over the queries, at least so long
//   (end of input)                 ends
//                                  error SENTENCE         instead of any answer; the peer ends after it
//
// The answers go to the standard output that the program was started with; what a library prints goes to standard error.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace peers {

enum class Metric { InnerProduct, L2, Cosine };

// Rows of an fbin file: int32 count, int32 columns, float32 values.
struct Matrix {
    int count = 0;
    int columns = 0;
    std::vector<float> values;

    const float* row(size_t i) const { return values.data() + i * columns; }

    static Matrix read(const std::string& path) {
        std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
        Matrix matrix;
        if (!file || std::fread(&matrix.count, 4, 1, file.get()) != 1 || std::fread(&matrix.columns, 4, 1, file.get()) != 1
            || matrix.count < 1 || matrix.columns < 1)
            throw std::runtime_error("cannot read " + path);
        matrix.values.resize(size_t(matrix.count) * matrix.columns);
        if (std::fread(matrix.values.data(), 4, matrix.values.size(), file.get()) != matrix.values.size())
            throw std::runtime_error(path + " ends early");
        return matrix;
    }

    // Cosine is the inner product of unit vectors, for libraries that do not have it.
    void normalise() {
        for (int i = 0; i < count; i++) {
            float* vector = values.data() + size_t(i) * columns;
            double sum = 0;
            for (int j = 0; j < columns; j++)
                sum += double(vector[j]) * vector[j];
            const float scale = sum > 0 ? float(1 / std::sqrt(sum)) : 0;
            for (int j = 0; j < columns; j++)
                vector[j] *= scale;
        }
    }
};

// One index of one library.
class Engine {
public:
    virtual ~Engine() = default;
    virtual std::string description() const = 0;
    virtual void build(const Matrix& base, int threads, int m, int ef_construction) = 0;
    virtual void set_effort(int ef) = 0;
    // Called by several threads at once. Fills ids, best first, with -1 where there are fewer than k.
    virtual void search(const float* query, int k, int64_t* ids) = 0;
};

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Puts the calling thread on the nth of the cores that the process may use.
inline void pin(int n) {
    cpu_set_t allowed;
    if (sched_getaffinity(getpid(), sizeof allowed, &allowed) != 0)
        throw std::runtime_error("sched_getaffinity failed");
    n %= CPU_COUNT(&allowed);
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &allowed) || n-- > 0)
            continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) != 0)
            throw std::runtime_error("pthread_setaffinity_np failed");
        return;
    }
}

template <class Work>
void on_pinned_threads(int count, Work work) {
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> failures(count);
    for (int t = 0; t < count; t++)
        threads.emplace_back([&, t] {
            try {
                pin(t);
                work();
            } catch (...) {
                failures[t] = std::current_exception();
            }
        });
    for (auto& thread : threads)
        thread.join();
    for (auto& failure : failures)
        if (failure)
            std::rethrow_exception(failure);
}

class Session {
public:
    Session(Engine& engine, const std::string& base, const std::string& queries, Metric metric, int k)
        : engine_(engine), base_(Matrix::read(base)), queries_(Matrix::read(queries)), k_(k) {
        if (base_.columns != queries_.columns)
            throw std::runtime_error("base and queries differ in dimension");
        if (metric == Metric::Cosine) {
            base_.normalise();
            queries_.normalise();
        }
    }

    std::string answer(const std::string& line) {
        std::istringstream words(line);
        std::string verb;
        int ef = 0, threads = 0, m = 0;
        double least = 0;
        words >> verb;
        if (verb == "build" && words >> threads >> m >> ef)
            return build(threads, m, ef);
        if (verb == "search" && words >> ef >> threads)
            return search(ef, threads);
        if (verb == "time" && words >> ef >> threads >> least)
            return time(ef, threads, least);
        throw std::runtime_error("not understood: " + line);
    }

private:
    std::string build(int threads, int m, int ef_construction) {
        const auto start = Clock::now();
        engine_.build(base_, threads, m, ef_construction);
        const double seconds = seconds_since(start);
        base_ = Matrix();
        std::ostringstream text;
        text << "built " << seconds;
        return text.str();
    }

    std::string search(int ef, int threads) {
        engine_.set_effort(ef);
        std::vector<int64_t> ids(size_t(queries_.count) * k_, -1);
        std::atomic<int> next{0};
        on_pinned_threads(threads, [&] {
            for (int i = next++; i < queries_.count; i = next++)
                engine_.search(queries_.row(i), k_, ids.data() + size_t(i) * k_);
        });
        std::ostringstream text;
        text << "found";
        for (int64_t id : ids)
            text << ' ' << id;
        return text.str();
    }

    // Passes over the queries until the time is up; the last one is always finished.
    std::string time(int ef, int threads, double least) {
        engine_.set_effort(ef);
        std::atomic<int64_t> next{0}, limit{INT64_MAX}, done{0};
        const auto start = Clock::now();
        on_pinned_threads(threads, [&] {
            std::vector<int64_t> ids(k_);
            int64_t mine = 0;
            for (int64_t i = next++; i < limit; i = next++) {
                if (i > 0 && i % queries_.count == 0 && seconds_since(start) >= least) {
                    limit = i;
                    break;
                }
                engine_.search(queries_.row(i % queries_.count), k_, ids.data());
                mine++;
            }
            done += mine;
        });
        const double seconds = seconds_since(start);
        std::ostringstream text;
        text << "timed " << done << ' ' << seconds;
        return text.str();
    }

    Engine& engine_;
    Matrix base_;
    Matrix queries_;
    int k_;
};

inline Metric parse_metric(const std::string& name) {
    if (name == "ip")
        return Metric::InnerProduct;
    if (name == "l2")
        return Metric::L2;
    if (name == "cosine")
        return Metric::Cosine;
    throw std::runtime_error("unknown metric " + name);
}

// make(engine name, metric) returns the engine, or null if it does not know the name.
template <class Make>
int run(int count, char** words, Make make) {
    // Libraries print; the answers have a stream of their own.
    FILE* answers = fdopen(dup(STDOUT_FILENO), "w");
    dup2(STDERR_FILENO, STDOUT_FILENO);
    const auto say = [answers](const std::string& line) {
        std::fprintf(answers, "%s\n", line.c_str());
        std::fflush(answers);
    };
    try {
        if (count != 6)
            throw std::runtime_error("usage: ENGINE BASE QUERIES METRIC K");
        const Metric metric = parse_metric(words[4]);
        std::unique_ptr<Engine> engine = make(words[1], metric);
        if (!engine)
            throw std::runtime_error(std::string("unknown engine ") + words[1]);
        Session session(*engine, words[2], words[3], metric, std::stoi(words[5]));
        say("ready " + engine->description());
        for (std::string line; std::getline(std::cin, line);)
            say(session.answer(line));
        return 0;
    } catch (const std::exception& failure) {
        say(std::string("error ") + failure.what());
        return 1;
    }
}

}  // namespace peers
