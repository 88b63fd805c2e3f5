<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
    <context>
        <name>Charts</name>
        <message>
            <source>on demand</source>
            <translation>按需</translation>
        </message>
        <message>
            <source>reserved, 1 year</source>
            <translation>预留，1 年</translation>
        </message>
        <message>
            <source>reserved, 3 years</source>
            <translation>预留，3 年</translation>
        </message>
        <message>
            <source>spot</source>
            <translation>竞价</translation>
        </message>
        <message>
            <source>own hardware</source>
            <translation>自有硬件</translation>
        </message>
        <message>
            <source>market, lowest</source>
            <translation>市场，最低</translation>
        </message>
        <message>
            <source>market, P25</source>
            <translation>市场，P25</translation>
        </message>
        <message>
            <source>market, median</source>
            <translation>市场，中位数</translation>
        </message>
        <message>
            <source>market, P75</source>
            <translation>市场，P75</translation>
        </message>
        <message>
            <source>market, highest</source>
            <translation>市场，最高</translation>
        </message>
        <message>
            <source>Where a step&apos;s time goes: %1</source>
            <translation>一步的时间构成：%1</translation>
        </message>
        <message>
            <source>part</source>
            <translation>部分</translation>
        </message>
        <message>
            <source>time of a step (s)</source>
            <translation>每步时间（s）</translation>
        </message>
        <message>
            <source>This layout has no step</source>
            <translation>此布局无法得到训练步</translation>
        </message>
        <message>
            <source>Memory of a GPU at the peak of a step</source>
            <translation>一步中 GPU 显存峰值</translation>
        </message>
        <message>
            <source>pipeline stage</source>
            <translation>流水线阶段</translation>
        </message>
        <message>
            <source>memory (GB)</source>
            <translation>显存（GB）</translation>
        </message>
        <message>
            <source>first</source>
            <translation>首个</translation>
        </message>
        <message>
            <source>every GPU</source>
            <translation>每块 GPU</translation>
        </message>
        <message>
            <source>last</source>
            <translation>末个</translation>
        </message>
        <message>
            <source>capacity %1</source>
            <translation>容量 %1</translation>
        </message>
        <message>
            <source>Lines of the budget: %1</source>
            <translation>预算明细：%1</translation>
        </message>
        <message>
            <source>line</source>
            <translation>条目</translation>
        </message>
        <message>
            <source>A plan that cannot run has no cost</source>
            <translation>无法运行的计划没有成本</translation>
        </message>
        <message>
            <source>GPUs</source>
            <translation>GPU 数</translation>
        </message>
        <message>
            <source>The plan cannot run on any of these counts</source>
            <translation>该计划在这些规模下都无法运行</translation>
        </message>
        <message>
            <source>Step time</source>
            <translation>每步时间</translation>
        </message>
        <message>
            <source>step time (s)</source>
            <translation>每步时间（s）</translation>
        </message>
        <message>
            <source>Wall clock</source>
            <translation>总时长</translation>
        </message>
        <message>
            <source>wall clock (d)</source>
            <translation>总时长（天）</translation>
        </message>
        <message>
            <source>MFU</source>
            <translation>MFU</translation>
        </message>
        <message>
            <source>MFU, attention full (%)</source>
            <translation>MFU，完整注意力（%）</translation>
        </message>
        <message>
            <source>Cost</source>
            <translation>成本</translation>
        </message>
        <message>
            <source>cost (million USD)</source>
            <translation>成本（百万 USD）</translation>
        </message>
        <message>
            <source>this plan</source>
            <translation>本计划</translation>
        </message>
        <message>
            <source>step time</source>
            <translation>每步时间</translation>
        </message>
        <message>
            <source>wall clock</source>
            <translation>总时长</translation>
        </message>
        <message>
            <source>cost</source>
            <translation>成本</translation>
        </message>
        <message>
            <source>layout, or why it cannot run</source>
            <translation>布局，或无法运行的原因</translation>
        </message>
        <message>
            <source>The same run at listed prices</source>
            <translation>同一训练按各种报价</translation>
        </message>
        <message>
            <source>way to pay</source>
            <translation>付费方式</translation>
        </message>
        <message>
            <source>Nobody lists a price for this GPU</source>
            <translation>没有此 GPU 的报价</translation>
        </message>
        <message>
            <source>price of GPU time</source>
            <translation>GPU 时单价</translation>
        </message>
        <message>
            <source>total cost</source>
            <translation>总成本</translation>
        </message>
        <message>
            <source>source</source>
            <translation>来源</translation>
        </message>
        <message>
            <source>Errors on samples held back from the fit</source>
            <translation>未参与拟合样本上的误差</translation>
        </message>
        <message>
            <source>operators and collectives</source>
            <translation>算子与集合通信</translation>
        </message>
        <message>
            <source>absolute error (%)</source>
            <translation>绝对误差（%）</translation>
        </message>
        <message>
            <source>Nothing was measured: stated efficiencies, no errors</source>
            <translation>未经测量：使用给定效率，没有误差</translation>
        </message>
        <message>
            <source>median</source>
            <translation>中位数</translation>
        </message>
        <message>
            <source>P90</source>
            <translation>P90</translation>
        </message>
        <message>
            <source>forward</source>
            <translation>前向</translation>
        </message>
        <message>
            <source>backward</source>
            <translation>反向</translation>
        </message>
        <message>
            <source>inside a domain</source>
            <translation>域内</translation>
        </message>
        <message>
            <source>between domains</source>
            <translation>域间</translation>
        </message>
        <message>
            <source>Where the scenarios&apos; step time goes</source>
            <translation>各方案的每步时间构成</translation>
        </message>
        <message>
            <source>scenario</source>
            <translation>方案</translation>
        </message>
        <message>
            <source>Pin a scenario to compare it with others</source>
            <translation>固定一个方案以便比较</translation>
        </message>
        <message>
            <source>million USD</source>
            <translation>百万 USD</translation>
        </message>
        <message>
            <source>thousand USD</source>
            <translation>千 USD</translation>
        </message>
        <message>
            <source>cost (%1)</source>
            <translation>成本（%1）</translation>
        </message>
        <message>
            <source>total cost (%1)</source>
            <translation>总成本（%1）</translation>
        </message>
    </context>
    <context>
        <name>Core</name>
        <message>
            <source>Plan</source>
            <translation>计划</translation>
        </message>
        <message>
            <source>model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>GPUs</source>
            <translation>GPU 数量</translation>
        </message>
        <message>
            <source>fabric</source>
            <translation>网络结构</translation>
        </message>
        <message>
            <source>layout</source>
            <translation>布局</translation>
        </message>
        <message>
            <source>sharing</source>
            <translation>状态切分</translation>
        </message>
        <message>
            <source>batch</source>
            <translation>批</translation>
        </message>
        <message>
            <source>Assumptions (defaults unless the plan says otherwise)</source>
            <translation>假设（计划未写明时取默认值）</translation>
        </message>
        <message>
            <source>Headline numbers</source>
            <translation>主要数字</translation>
        </message>
        <message>
            <source>change</source>
            <translation>变化</translation>
        </message>
        <message>
            <source>Calibration</source>
            <translation>校准</translation>
        </message>
        <message>
            <source>id</source>
            <translation>标识</translation>
        </message>
        <message>
            <source>origin</source>
            <translation>来历</translation>
        </message>
        <message>
            <source>measured on</source>
            <translation>实测设备</translation>
        </message>
        <message>
            <source>stands in for</source>
            <translation>代替</translation>
        </message>
        <message>
            <source>software</source>
            <translation>软件</translation>
        </message>
        <message>
            <source>source</source>
            <translation>来源</translation>
        </message>
        <message>
            <source>date</source>
            <translation>日期</translation>
        </message>
        <message>
            <source>launch</source>
            <translation>启动</translation>
        </message>
        <message>
            <source>share of the memory bandwidth</source>
            <translation>显存带宽占比</translation>
        </message>
        <message>
            <source>depth that starting a tile is worth</source>
            <translation>开始一个分块相当的深度</translation>
        </message>
        <message>
            <source>conversion of the left operand</source>
            <translation>左操作数的转换</translation>
        </message>
        <message>
            <source>knots of the residual</source>
            <translation>残差网格结点数</translation>
        </message>
        <message>
            <source>launches of a layer</source>
            <translation>一层的启动</translation>
        </message>
        <message>
            <source>traffic of the permutations</source>
            <translation>重排流量</translation>
        </message>
        <message>
            <source>traffic of the activation</source>
            <translation>激活流量</translation>
        </message>
        <message>
            <source>traffic by token</source>
            <translation>每 token 流量</translation>
        </message>
        <message>
            <source>rows added where experts get unequal shares</source>
            <translation>专家份额不均时增加的行数</translation>
        </message>
        <message>
            <source>Collectives inside a domain</source>
            <translation>域内集合通信</translation>
        </message>
        <message>
            <source>Collectives between domains</source>
            <translation>域间集合通信</translation>
        </message>
        <message>
            <source>all-reduce</source>
            <translation>全归约</translation>
        </message>
        <message>
            <source>all-gather</source>
            <translation>全收集</translation>
        </message>
        <message>
            <source>reduce-scatter</source>
            <translation>归约散布</translation>
        </message>
        <message>
            <source>all-to-all</source>
            <translation>全交换</translation>
        </message>
        <message>
            <source>point-to-point</source>
            <translation>点对点</translation>
        </message>
        <message>
            <source>idle</source>
            <translation>空闲</translation>
        </message>
        <message>
            <source>operands and results</source>
            <translation>操作数与结果</translation>
        </message>
        <message>
            <source>limit</source>
            <translation>上限</translation>
        </message>
        <message>
            <source>Where nothing was measured</source>
            <translation>未实测之处</translation>
        </message>
        <message>
            <source>matrix products</source>
            <translation>矩阵乘法</translation>
        </message>
        <message>
            <source>products of unfused attention</source>
            <translation>未融合注意力的乘法</translation>
        </message>
        <message>
            <source>flash attention, forward</source>
            <translation>Flash 注意力，前向</translation>
        </message>
        <message>
            <source>flash attention, backward</source>
            <translation>Flash 注意力，反向</translation>
        </message>
        <message>
            <source>memory bandwidth</source>
            <translation>显存带宽</translation>
        </message>
        <message>
            <source>launch of a kernel</source>
            <translation>一次内核启动</translation>
        </message>
        <message>
            <source>Matrix products in %1</source>
            <translation>矩阵乘法，%1</translation>
        </message>
        <message>
            <source>Products of experts in %1</source>
            <translation>专家乘法，%1</translation>
        </message>
        <message>
            <source>share of peak, tiles of %1</source>
            <translation>峰值占比，分块 %1</translation>
        </message>
        <message>
            <source>Power, metered on %1</source>
            <translation>功率，在 %1 上测得</translation>
        </message>
        <message>
            <source>work in %1</source>
            <translation>%1 计算</translation>
        </message>
        <message>
            <source>Ranges: base, P10 to P90</source>
            <translation>区间：基准值，P10 至 P90</translation>
        </message>
        <message>
            <source>Ranges, P10 to P90</source>
            <translation>区间，P10 至 P90</translation>
        </message>
        <message>
            <source>Memory per GPU, total</source>
            <translation>每 GPU 显存，合计</translation>
        </message>
        <message>
            <source>of a run, 8 times in 10</source>
            <translation>单次训练，十次中有八次</translation>
        </message>
        <message>
            <source>of the law&apos;s mean, 8 times in 10</source>
            <translation>定律均值，十次中有八次</translation>
        </message>
        <message>
            <source>by law</source>
            <translation>所用定律</translation>
        </message>
        <message>
            <source>at N</source>
            <translation>取 N 为</translation>
        </message>
        <message>
            <source>at D</source>
            <translation>取 D 为</translation>
        </message>
        <message>
            <source>Parameters</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Work</source>
            <translation>计算量</translation>
        </message>
        <message>
            <source>Memory per GPU</source>
            <translation>每 GPU 显存</translation>
        </message>
        <message>
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>Throughput</source>
            <translation>吞吐</translation>
        </message>
        <message>
            <source>Cost</source>
            <translation>成本</translation>
        </message>
        <message>
            <source>Energy and carbon</source>
            <translation>能耗与碳排放</translation>
        </message>
        <message>
            <source>cannot run</source>
            <translation>无法运行</translation>
        </message>
        <message>
            <source>nearest plan</source>
            <translation>最接近的可行计划</translation>
        </message>
        <message>
            <source>parameters</source>
            <translation>参数量</translation>
        </message>
        <message>
            <source>active for a token</source>
            <translation>每 token 激活</translation>
        </message>
        <message>
            <source>in embeddings</source>
            <translation>嵌入层</translation>
        </message>
        <message>
            <source>training tokens</source>
            <translation>训练 token 数</translation>
        </message>
        <message>
            <source>per token, attention full</source>
            <translation>每 token，完整注意力</translation>
        </message>
        <message>
            <source>per token, attention causal</source>
            <translation>每 token，因果注意力</translation>
        </message>
        <message>
            <source>model FLOPs, attention full</source>
            <translation>模型 FLOPs，完整注意力</translation>
        </message>
        <message>
            <source>model FLOPs, attention causal</source>
            <translation>模型 FLOPs，因果注意力</translation>
        </message>
        <message>
            <source>hardware FLOPs, recompute included</source>
            <translation>硬件 FLOPs，含重计算</translation>
        </message>
        <message>
            <source>6ND</source>
            <translation>6ND</translation>
        </message>
        <message>
            <source>weights</source>
            <translation>权重</translation>
        </message>
        <message>
            <source>gradients</source>
            <translation>梯度</translation>
        </message>
        <message>
            <source>optimizer and master weights</source>
            <translation>优化器与主权重</translation>
        </message>
        <message>
            <source>activations</source>
            <translation>激活值</translation>
        </message>
        <message>
            <source>buffers</source>
            <translation>缓冲区</translation>
        </message>
        <message>
            <source>reserve</source>
            <translation>预留</translation>
        </message>
        <message>
            <source>total</source>
            <translation>合计</translation>
        </message>
        <message>
            <source>capacity</source>
            <translation>容量</translation>
        </message>
        <message>
            <source>compute</source>
            <translation>计算</translation>
        </message>
        <message>
            <source>recompute</source>
            <translation>重计算</translation>
        </message>
        <message>
            <source>tensor parallel</source>
            <translation>张量并行</translation>
        </message>
        <message>
            <source>context parallel</source>
            <translation>上下文并行</translation>
        </message>
        <message>
            <source>expert parallel</source>
            <translation>专家并行</translation>
        </message>
        <message>
            <source>pipeline messages</source>
            <translation>流水线通信</translation>
        </message>
        <message>
            <source>data parallel</source>
            <translation>数据并行</translation>
        </message>
        <message>
            <source>pipeline bubble</source>
            <translation>流水线气泡</translation>
        </message>
        <message>
            <source>optimizer</source>
            <translation>优化器</translation>
        </message>
        <message>
            <source>stated by the plan</source>
            <translation>计划给定</translation>
        </message>
        <message>
            <source>step</source>
            <translation>每步</translation>
        </message>
        <message>
            <source>micro-batches a step</source>
            <translation>每步微批次数</translation>
        </message>
        <message>
            <source>steps</source>
            <translation>步数</translation>
        </message>
        <message>
            <source>training</source>
            <translation>训练</translation>
        </message>
        <message>
            <source>checkpoint pauses</source>
            <translation>检查点停顿</translation>
        </message>
        <message>
            <source>wall clock</source>
            <translation>总时长</translation>
        </message>
        <message>
            <source>productive GPU time</source>
            <translation>有效 GPU 时</translation>
        </message>
        <message>
            <source>GPU time held</source>
            <translation>占用 GPU 时</translation>
        </message>
        <message>
            <source>goodput</source>
            <translation>有效时间占比</translation>
        </message>
        <message>
            <source>MFU, attention full</source>
            <translation>MFU，完整注意力</translation>
        </message>
        <message>
            <source>MFU, attention causal</source>
            <translation>MFU，因果注意力</translation>
        </message>
        <message>
            <source>MFU by 6ND</source>
            <translation>MFU，按 6ND</translation>
        </message>
        <message>
            <source>HFU</source>
            <translation>HFU</translation>
        </message>
        <message>
            <source>model FLOP/s per GPU</source>
            <translation>每 GPU 模型 FLOP/s</translation>
        </message>
        <message>
            <source>tokens per second and GPU</source>
            <translation>每 GPU 每秒 token 数</translation>
        </message>
        <message>
            <source>price of GPU time</source>
            <translation>GPU 时单价</translation>
        </message>
        <message>
            <source>total cost</source>
            <translation>总成本</translation>
        </message>
        <message>
            <source>size of a checkpoint</source>
            <translation>检查点大小</translation>
        </message>
        <message>
            <source>accelerators, productive</source>
            <translation>加速器，有效时间</translation>
        </message>
        <message>
            <source>accelerators, lost time</source>
            <translation>加速器，损失时间</translation>
        </message>
        <message>
            <source>accelerators, checkpoints</source>
            <translation>加速器，检查点</translation>
        </message>
        <message>
            <source>energy</source>
            <translation>能耗</translation>
        </message>
        <message>
            <source>CO2 equivalent</source>
            <translation>二氧化碳当量</translation>
        </message>
        <message>
            <source>given</source>
            <translation>给定</translation>
        </message>
        <message>
            <source>measured</source>
            <translation>实测</translation>
        </message>
        <message>
            <source>calibrated</source>
            <translation>已校准</translation>
        </message>
        <message>
            <source>fact</source>
            <translation>事实</translation>
        </message>
        <message>
            <source>computed</source>
            <translation>计算</translation>
        </message>
        <message>
            <source>default</source>
            <translation>默认</translation>
        </message>
        <message>
            <source>assumed</source>
            <translation>假定</translation>
        </message>
        <message>
            <source>in further prediction layers</source>
            <translation>后续预测层中</translation>
        </message>
        <message>
            <source>fragments</source>
            <translation>内存碎片</translation>
        </message>
        <message>
            <source>waiting for the host</source>
            <translation>等待主机</translation>
        </message>
        <message>
            <source>software, once a step</source>
            <translation>软件，每步一次</translation>
        </message>
        <message>
            <source>stragglers</source>
            <translation>掉队者</translation>
        </message>
        <message>
            <source>electricity</source>
            <translation>电费</translation>
        </message>
        <message>
            <source>checkpoint storage</source>
            <translation>检查点存储</translation>
        </message>
        <message>
            <source>expected loss</source>
            <translation>预期损失</translation>
        </message>
        <message>
            <source>Quality</source>
            <translation>质量</translation>
        </message>
        <message>
            <source>in host memory, for each GPU</source>
            <translation>每 GPU 占主机内存</translation>
        </message>
        <message>
            <source>offload to the host</source>
            <translation>卸载到主机</translation>
        </message>
        <message>
            <source>gemm</source>
            <translation>矩阵乘</translation>
        </message>
        <message>
            <source>batched gemm</source>
            <translation>批量矩阵乘</translation>
        </message>
        <message>
            <source>grouped gemm</source>
            <translation>分组矩阵乘</translation>
        </message>
        <message>
            <source>fused attention</source>
            <translation>融合注意力</translation>
        </message>
        <message>
            <source>softmax</source>
            <translation>softmax</translation>
        </message>
        <message>
            <source>normalization</source>
            <translation>归一化</translation>
        </message>
        <message>
            <source>elementwise</source>
            <translation>逐元素</translation>
        </message>
        <message>
            <source>rotary</source>
            <translation>旋转位置编码</translation>
        </message>
        <message>
            <source>embedding</source>
            <translation>嵌入</translation>
        </message>
        <message>
            <source>cross entropy</source>
            <translation>交叉熵</translation>
        </message>
        <message>
            <source>convolution</source>
            <translation>卷积</translation>
        </message>
        <message>
            <source>all_reduce</source>
            <translation>all-reduce</translation>
        </message>
        <message>
            <source>all_gather</source>
            <translation>all-gather</translation>
        </message>
        <message>
            <source>reduce_scatter</source>
            <translation>reduce-scatter</translation>
        </message>
        <message>
            <source>all_to_all</source>
            <translation>all-to-all</translation>
        </message>
        <message>
            <source>broadcast</source>
            <translation>广播</translation>
        </message>
        <message>
            <source>point_to_point</source>
            <translation>点对点</translation>
        </message>
        <message>
            <source>samples</source>
            <translation>样本数</translation>
        </message>
        <message>
            <source>median</source>
            <translation>中位数</translation>
        </message>
        <message>
            <source>mean</source>
            <translation>均值</translation>
        </message>
        <message>
            <source>P90</source>
            <translation>P90</translation>
        </message>
        <message>
            <source>bias</source>
            <translation>偏差</translation>
        </message>
        <message>
            <source>below 50 us</source>
            <translation>50 us 以下</translation>
        </message>
        <message>
            <source>50 to 500 us</source>
            <translation>50 至 500 us</translation>
        </message>
        <message>
            <source>0.5 to 5 ms</source>
            <translation>0.5 至 5 ms</translation>
        </message>
        <message>
            <source>above 5 ms</source>
            <translation>5 ms 以上</translation>
        </message>
        <message>
            <source>all above 50 us</source>
            <translation>50 us 以上合计</translation>
        </message>
    </context>
    <context>
        <name>Fields</name>
        <message>
            <source>scaling law</source>
            <translation>缩放定律</translation>
        </message>
        <message>
            <source>Tells the loss to expect; the page Scaling laws shows more. None: no loss.</source>
            <translation>给出预期损失；“缩放定律”页有更多内容。none：不预测损失。</translation>
        </message>
        <message>
            <source>tensor exchange overlap</source>
            <translation>张量通信重叠</translation>
        </message>
        <message>
            <source>What hides exchanges among tensor-parallel ranks: the framework&apos;s usual share, or tiles of the products.</source>
            <translation>用什么掩盖张量并行各 rank 之间的通信：框架通常的比例，或矩阵乘的分块。</translation>
        </message>
        <message>
            <source>optimizer on the host</source>
            <translation>主机上的优化器</translation>
        </message>
        <message>
            <source>Share of the optimizer&apos;s states in host memory; the host updates their weights.</source>
            <translation>放在主机内存中的优化器状态比例；由主机更新相应权重。</translation>
        </message>
        <message>
            <source>activations on the host</source>
            <translation>主机上的激活</translation>
        </message>
        <message>
            <source>What waits in host memory for its backward pass: nothing, what stands between layers, all that layers keep.</source>
            <translation>在主机内存中等待反向传播的内容：无、层间张量、或各层保存的全部。</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>A model preset; the keys below change it.</source>
            <translation>模型预设；下列字段可修改它。</translation>
        </message>
        <message>
            <source>layers</source>
            <translation>层数</translation>
        </message>
        <message>
            <source>Transformer layers.</source>
            <translation>Transformer 层数。</translation>
        </message>
        <message>
            <source>hidden size</source>
            <translation>隐藏维度</translation>
        </message>
        <message>
            <source>Width of the residual stream.</source>
            <translation>残差流的宽度。</translation>
        </message>
        <message>
            <source>MLP width</source>
            <translation>MLP 宽度</translation>
        </message>
        <message>
            <source>Inner width of the MLP, of each branch where it is gated.</source>
            <translation>MLP 的内部宽度；带门控时为每个分支的宽度。</translation>
        </message>
        <message>
            <source>Data</source>
            <translation>数据</translation>
        </message>
        <message>
            <source>tokens</source>
            <translation>token 数</translation>
        </message>
        <message>
            <source> billion</source>
            <translation>×10⁹</translation>
        </message>
        <message>
            <source>Tokens that are processed, epochs included.</source>
            <translation>处理的 token 总数，含多轮。</translation>
        </message>
        <message>
            <source>sequence length</source>
            <translation>序列长度</translation>
        </message>
        <message>
            <source>Tokens of a sequence.</source>
            <translation>一个序列的 token 数。</translation>
        </message>
        <message>
            <source>Hardware</source>
            <translation>硬件</translation>
        </message>
        <message>
            <source>GPU</source>
            <translation>GPU</translation>
        </message>
        <message>
            <source>A device preset. Another GPU stands in its usual node.</source>
            <translation>设备预设。换用其他 GPU 时取其常用节点。</translation>
        </message>
        <message>
            <source>number of GPUs</source>
            <translation>GPU 数量</translation>
        </message>
        <message>
            <source>GPUs that train.</source>
            <translation>参与训练的 GPU。</translation>
        </message>
        <message>
            <source>network</source>
            <translation>网络</translation>
        </message>
        <message>
            <source>Bandwidth between nodes, per GPU and direction.</source>
            <translation>节点间带宽，每 GPU、每方向。</translation>
        </message>
        <message>
            <source>Parallelism</source>
            <translation>并行</translation>
        </message>
        <message>
            <source>tensor parallel</source>
            <translation>张量并行</translation>
        </message>
        <message>
            <source>Ranks that share every layer&apos;s matrices.</source>
            <translation>共同分担每层矩阵的进程数。</translation>
        </message>
        <message>
            <source>pipeline parallel</source>
            <translation>流水线并行</translation>
        </message>
        <message>
            <source>Stages that the layers are divided into.</source>
            <translation>层被划分成的阶段数。</translation>
        </message>
        <message>
            <source>chunks of a stage</source>
            <translation>每阶段分块</translation>
        </message>
        <message>
            <source>Above 1: interleaved 1F1B.</source>
            <translation>大于 1：交错 1F1B。</translation>
        </message>
        <message>
            <source>context parallel</source>
            <translation>上下文并行</translation>
        </message>
        <message>
            <source>Ranks that share a sequence.</source>
            <translation>共同分担一个序列的进程数。</translation>
        </message>
        <message>
            <source>expert parallel</source>
            <translation>专家并行</translation>
        </message>
        <message>
            <source>Ranks that share the experts of a layer.</source>
            <translation>共同分担一层专家的进程数。</translation>
        </message>
        <message>
            <source>ZeRO stage</source>
            <translation>ZeRO 级别</translation>
        </message>
        <message>
            <source>1 shares optimizer states, 2 gradients too, 3 weights too (FSDP).</source>
            <translation>1 分片优化器状态，2 另加梯度，3 另加权重（FSDP）。</translation>
        </message>
        <message>
            <source>sequence parallel</source>
            <translation>序列并行</translation>
        </message>
        <message>
            <source>Norms and sums are split along the sequence too.</source>
            <translation>归一化与残差也沿序列切分。</translation>
        </message>
        <message>
            <source>Training</source>
            <translation>训练</translation>
        </message>
        <message>
            <source>precision</source>
            <translation>精度</translation>
        </message>
        <message>
            <source>Number format of the matrix products.</source>
            <translation>矩阵乘法的数值格式。</translation>
        </message>
        <message>
            <source>recompute</source>
            <translation>重计算</translation>
        </message>
        <message>
            <source>attention</source>
            <translation>注意力</translation>
        </message>
        <message>
            <source>Flash: one fused kernel that does not write the scores.</source>
            <translation>flash：一个不写出分数矩阵的融合内核。</translation>
        </message>
        <message>
            <source>micro-batch</source>
            <translation>微批</translation>
        </message>
        <message>
            <source>Sequences that a rank works on at once.</source>
            <translation>一个进程同时处理的序列数。</translation>
        </message>
        <message>
            <source>global batch</source>
            <translation>全局批</translation>
        </message>
        <message>
            <source>Sequences of a step.</source>
            <translation>每步的序列数。</translation>
        </message>
        <message>
            <source>optimizer</source>
            <translation>优化器</translation>
        </message>
        <message>
            <source>Decides how many bytes of state a parameter takes.</source>
            <translation>决定每个参数的状态占多少字节。</translation>
        </message>
        <message>
            <source>overlap gradient exchange</source>
            <translation>梯度通信重叠</translation>
        </message>
        <message>
            <source>Gradients are exchanged during the backward pass.</source>
            <translation>在反向过程中交换梯度。</translation>
        </message>
        <message>
            <source>Run</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>goodput</source>
            <translation>有效时间占比</translation>
        </message>
        <message>
            <source>Productive share of the held time: failures, restarts, waiting.</source>
            <translation>占用时间中的有效份额：故障、重启、等待。</translation>
        </message>
        <message>
            <source>Price and energy</source>
            <translation>价格与能耗</translation>
        </message>
        <message>
            <source>price of GPU time</source>
            <translation>GPU 时单价</translation>
        </message>
        <message>
            <source>Your own rent; it comes before every price list.</source>
            <translation>您自己的租价；优先于任何报价。</translation>
        </message>
        <message>
            <source>Energy of the data centre for that of its servers.</source>
            <translation>数据中心总能耗与服务器能耗之比。</translation>
        </message>
        <message>
            <source>carbon intensity</source>
            <translation>碳强度</translation>
        </message>
        <message>
            <source>CO2 equivalent of the electricity.</source>
            <translation>电力的二氧化碳当量。</translation>
        </message>
        <message>
            <source>changed here</source>
            <translation>已在此修改</translation>
        </message>
        <message>
            <source>in the plan, %1:%2</source>
            <translation>计划中，%1:%2</translation>
        </message>
        <message>
            <source>from the preset %1</source>
            <translation>来自预设 %1</translation>
        </message>
        <message>
            <source>not in the plan</source>
            <translation>计划中没有</translation>
        </message>
        <message>
            <source>attention heads</source>
            <translation>注意力头数</translation>
        </message>
        <message>
            <source>Heads of the attention; they divide the hidden size.</source>
            <translation>注意力的头数，须整除隐藏维度。</translation>
        </message>
        <message>
            <source>key-value heads</source>
            <translation>键值头数</translation>
        </message>
        <message>
            <source>Fewer than the heads: grouped queries; 1: multi-query attention. They divide the heads.</source>
            <translation>少于头数：分组查询；1：多查询注意力。须整除头数。</translation>
        </message>
        <message>
            <source>vocabulary</source>
            <translation>词表</translation>
        </message>
        <message>
            <source>Token embeddings.</source>
            <translation>token 嵌入的数目。</translation>
        </message>
        <message>
            <source>node</source>
            <translation>节点</translation>
        </message>
        <message>
            <source>A node preset: GPUs, their links and network cards. Another node brings its own GPUs.</source>
            <translation>节点预设：GPU、其互联与网卡。换节点即换其 GPU。</translation>
        </message>
        <message>
            <source>links in a domain</source>
            <translation>域内互联</translation>
        </message>
        <message>
            <source>Bandwidth inside a domain of fast links, per GPU and direction.</source>
            <translation>高速互联域内的带宽，每 GPU 单向。</translation>
        </message>
        <message>
            <source>GPUs of a domain</source>
            <translation>域内 GPU 数</translation>
        </message>
        <message>
            <source>GPUs that reach each other over the fast links.</source>
            <translation>经高速互联彼此可达的 GPU。</translation>
        </message>
        <message>
            <source>memory of a GPU</source>
            <translation>GPU 显存</translation>
        </message>
        <message>
            <source>What a GPU can hold: a what-if, or a share of one.</source>
            <translation>一块 GPU 能容纳多少：用于假设，或只用其一部分。</translation>
        </message>
        <message>
            <source>network fabric</source>
            <translation>网络结构</translation>
        </message>
        <message>
            <source>Switches between the domains: oversubscription, rails, racks. None: each GPU has all of its network card.</source>
            <translation>域间的交换机：收敛比、轨道、机柜。无：每块 GPU 独享其网卡。</translation>
        </message>
        <message>
            <source>calibration</source>
            <translation>校准</translation>
        </message>
        <message>
            <source>Measured speeds of kernels and collectives. Without a choice: those of this GPU or of its nearest relative.</source>
            <translation>内核与集合通信的实测速度。不选时用此 GPU 或其最近同类的。</translation>
        </message>
        <message>
            <source>schedule</source>
            <translation>调度</translation>
        </message>
        <message>
            <source>The order in which stages work on micro-batches; the page Timeline shows it.</source>
            <translation>各阶段处理微批次的次序；见“时间线”页。</translation>
        </message>
        <message>
            <source>layers of the first stage</source>
            <translation>首阶段层数</translation>
        </message>
        <message>
            <source>Fewer than the others&apos;, where the embedding has its place.</source>
            <translation>可少于其他阶段，因嵌入在此。</translation>
        </message>
        <message>
            <source>layers of the last stage</source>
            <translation>末阶段层数</translation>
        </message>
        <message>
            <source>Fewer than the others&apos;, where the logits have their place.</source>
            <translation>可少于其他阶段，因 logits 在此。</translation>
        </message>
        <message>
            <source>context exchange</source>
            <translation>上下文交换</translation>
        </message>
        <message>
            <source>How ranks that share a sequence see its keys and values: passed on in a ring, gathered, or all tokens of a share of the heads (Ulysses).</source>
            <translation>共享序列的 rank 如何看到键与值：环形传递、聚集，或各取部分头的全部 token（Ulysses）。</translation>
        </message>
        <message>
            <source>expert dispatch</source>
            <translation>专家分发</translation>
        </message>
        <message>
            <source>What goes to the ranks of a token's experts: a row for each expert, or one for each domain or rank (DeepEP).</source>
            <translation>发往 token 所选专家所在 rank 的数据：每个专家一行，或每个域（或 rank）只发一行（DeepEP）。</translation>
        </message>
        <message>
            <source>expert exchange overlap</source>
            <translation>专家通信重叠</translation>
        </message>
        <message>
            <source>What hides tokens on their way to experts: nothing, or layers of another micro-batch (1F1B; stages need more than one chunk).</source>
            <translation>用什么掩盖 token 往返专家的通信：不掩盖，或另一个微批次的层计算（1F1B；每个阶段需有多个模型块）。</translation>
        </message>
        <message>
            <source>CUDA graphs</source>
            <translation>CUDA 图</translation>
        </message>
        <message>
            <source>Layers are captured in graphs, so that the device never waits for the host to launch their operators.</source>
            <translation>把各层捕获为 CUDA 图，设备不再等待主机逐个启动算子。</translation>
        </message>
        <message>
            <source>operators without products</source>
            <translation>非矩阵乘算子</translation>
        </message>
        <message>
            <source>Norms, gated activations and rotary embedding as one kernel each, or as the kernels that eager PyTorch launches for them.</source>
            <translation>归一化、门控激活和旋转位置编码各为一个融合 kernel，或按 PyTorch eager 模式逐个启动的 kernel 计算。</translation>
        </message>
        <message>
            <source>context split</source>
            <translation>上下文切分</translation>
        </message>
        <message>
            <source>Whether each of these ranks has an early and a late part of the sequence, or one part: the last then sees most keys, and the others wait.</source>
            <translation>每个 rank 是否各取序列的一段前部和一段后部；若只取一段，最后的 rank 看到的键最多，其余 rank 须等待。</translation>
        </message>
        <message>
            <source>expert tensor parallel</source>
            <translation>专家张量并行</translation>
        </message>
        <message>
            <source>Ranks that share the width of an expert; as many as tensor parallel if not given.</source>
            <translation>分担一个专家宽度的 rank 数；未给出时与张量并行相同。</translation>
        </message>
        <message>
            <source>expert imbalance</source>
            <translation>专家不均衡</translation>
        </message>
        <message>
            <source>Tokens that come to the busiest rank&apos;s experts over the mean; 1: evenly spread.</source>
            <translation>最忙 rank 的专家所得 token 与平均之比；1：均匀。</translation>
        </message>
        <message>
            <source>data parallel</source>
            <translation>数据并行</translation>
        </message>
        <message>
            <source>Copies that share the batch; the GPUs that the other degrees leave if not given.</source>
            <translation>分担批次的副本数；未给出时为其他并行度余下的 GPU。</translation>
        </message>
        <message>
            <source>ranks that share states</source>
            <translation>共享状态的 rank 数</translation>
        </message>
        <message>
            <source>Neighbours among which ZeRO shares (hybrid sharding); all that hold the same weights if not given.</source>
            <translation>ZeRO 在其间分片的相邻 rank（混合分片）；未给出时为持有相同权重的全部 rank。</translation>
        </message>
        <message>
            <source>What is computed again in the backward pass to save memory: nothing, the attention without its projections, the modules below, whole layers.</source>
            <translation>为省显存在反向传播中重算什么：不重算、不含投影的注意力、下列模块、整层。</translation>
        </message>
        <message>
            <source>recomputed modules</source>
            <translation>重算的模块</translation>
        </message>
        <message>
            <source>Parts of a layer that are computed again.</source>
            <translation>一层中重算的部分。</translation>
        </message>
        <message>
            <source>recomputed layers</source>
            <translation>重算的层数</translation>
        </message>
        <message>
            <source>Layers of a stage that are computed again as a whole; all if not given.</source>
            <translation>一个阶段中整层重算的层数；未给出时为全部。</translation>
        </message>
        <message>
            <source>gradient format</source>
            <translation>梯度格式</translation>
        </message>
        <message>
            <source>Number format in which gradients are summed and exchanged.</source>
            <translation>梯度累加与交换所用的数值格式。</translation>
        </message>
        <message>
            <source>framework</source>
            <translation>框架</translation>
        </message>
        <message>
            <source>What the training software adds to the device&apos;s own times: launches, fused kernels, overlap, memory. None adds nothing.</source>
            <translation>训练软件在设备本身时间之外的影响：启动、融合内核、重叠、显存。none：无影响。</translation>
        </message>
        <message>
            <source>dropout</source>
            <translation>dropout</translation>
        </message>
        <message>
            <source>Above 0 masks are kept for the backward pass; how much above does not count.</source>
            <translation>大于 0 时为反向传播保留掩码；大多少无关。</translation>
        </message>
        <message>
            <source>memory reserve</source>
            <translation>预留显存</translation>
        </message>
        <message>
            <source>Driver context, libraries and communication buffers, which no tensor explains.</source>
            <translation>驱动上下文、库与通信缓冲区，非张量所占。</translation>
        </message>
        <message>
            <source>Stated speed</source>
            <translation>已知速度</translation>
        </message>
        <message>
            <source>stated MFU</source>
            <translation>给定 MFU</translation>
        </message>
        <message>
            <source>A utilisation that is known takes the place of the predicted step.</source>
            <translation>已知的利用率取代预测的步时间。</translation>
        </message>
        <message>
            <source>checkpoints kept</source>
            <translation>保留检查点数</translation>
        </message>
        <message>
            <source>Checkpoints that storage is paid for.</source>
            <translation>需付存储费的检查点数。</translation>
        </message>
        <message>
            <source>purchase of a GPU</source>
            <translation>GPU 购价</translation>
        </message>
        <message>
            <source>Your own hardware, with its share of the server, written off over its lifetime.</source>
            <translation>自有硬件，含其所占服务器部分，在寿命期内折旧。</translation>
        </message>
        <message>
            <source>lifetime</source>
            <translation>寿命</translation>
        </message>
        <message>
            <source> days</source>
            <translation> 天</translation>
        </message>
        <message>
            <source>Over which own hardware is written off.</source>
            <translation>自有硬件的折旧年限。</translation>
        </message>
        <message>
            <source>power per GPU</source>
            <translation>每 GPU 功率</translation>
        </message>
        <message>
            <source>Mean power of the server for each GPU.</source>
            <translation>服务器分摊到每块 GPU 的平均功率。</translation>
        </message>
        <message>
            <source>electricity</source>
            <translation>电费</translation>
        </message>
        <message>
            <source>Paid apart by owners; a rent usually contains it.</source>
            <translation>自有硬件另付；租金通常已含。</translation>
        </message>
    </context>
    <context>
        <name>Pages</name>
        <message>
            <source>Numbers</source>
            <translation>数字</translation>
        </message>
        <message>
            <source>Step and memory</source>
            <translation>每步与显存</translation>
        </message>
        <message>
            <source>Scaling</source>
            <translation>规模</translation>
        </message>
        <message>
            <source>Cost</source>
            <translation>成本</translation>
        </message>
        <message>
            <source>Calibration</source>
            <translation>校准</translation>
        </message>
        <message>
            <source>Compare</source>
            <translation>比较</translation>
        </message>
        <message>
            <source>Presets</source>
            <translation>预设</translation>
        </message>
        <message>
            <source>Timeline</source>
            <translation>时间线</translation>
        </message>
        <message>
            <source>Scaling laws</source>
            <translation>缩放定律</translation>
        </message>
    </context>
    <context>
        <name>Program</name>
        <message>
            <source>What training a large model takes.</source>
            <translation>训练一个大模型需要什么。</translation>
        </message>
        <message>
            <source>plan file, or the name of a shipped plan</source>
            <translation>计划文件，或自带计划的名称</translation>
        </message>
        <message>
            <source>override a key of the plan; may be repeated</source>
            <translation>覆盖计划中的一个键；可重复</translation>
        </message>
        <message>
            <source>system, light or dark, for this run</source>
            <translation>system、light 或 dark，仅用于本次运行</translation>
        </message>
        <message>
            <source>write a picture of the window, 1280 x 800, and exit</source>
            <translation>写出 1280 x 800 的窗口图片后退出</translation>
        </message>
        <message>
            <source>write pictures of all pages, in both themes and languages</source>
            <translation>写出所有页面在两种主题、两种语言下的图片</translation>
        </message>
        <message>
            <source>en or zh_CN, for this run</source>
            <translation>en 或 zh_CN，仅用于本次运行</translation>
        </message>
        <message>
            <source>--theme: expected system, light or dark, got &quot;%1&quot;</source>
            <translation>--theme：应为 system、light 或 dark，实为“%1”</translation>
        </message>
        <message>
            <source>expected one plan</source>
            <translation>应只有一个计划</translation>
        </message>
        <message>
            <source>--language: expected en or zh_CN, got &quot;%1&quot;</source>
            <translation>--language：应为 en 或 zh_CN，实为“%1”</translation>
        </message>
    </context>
    <context>
        <name>flopcast::CalibrationPage</name>
        <message>
            <source>What the calibration knows</source>
            <translation>校准所含内容</translation>
        </message>
        <message>
            <source>%1 (%2)</source>
            <translation>%1（%2）</translation>
        </message>
        <message>
            <source>Borrowed from a relative: this device itself was not measured.</source>
            <translation>借用同类设备的校准：该设备本身未经测量。</translation>
        </message>
        <message>
            <source>No measurements: one stated efficiency for each class of operators.</source>
            <translation>没有测量：每类算子取一个给定的效率。</translation>
        </message>
        <message>
            <source>Measured on %1; errors below are of samples that the fit did not see.</source>
            <translation>在 %1 上测得；下列误差来自未参与拟合的样本。</translation>
        </message>
        <message>
            <source>&amp;Open measured kernels…</source>
            <translation>打开实测内核(&amp;O)…</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>Times of kernels as flopcast calibrate validate reads them, CSV or SimuMax&apos;s JSON, or the store that calibrate run fills; a file may also be dropped on the window</source>
            <translation>内核的实测时间：flopcast calibrate validate 所读的 CSV 或 SimuMax 的 JSON，或 calibrate run 写入的存储；也可将文件拖放到窗口</translation>
        </message>
        <message>
            <source>Device that was measured</source>
            <translation>被测设备</translation>
        </message>
        <message>
            <source>Class of operators that is shown; one alone has the band that is expected</source>
            <translation>显示的算子类别；只选一类时显示预期区间</translation>
        </message>
        <message>
            <source>Which shapes are shown</source>
            <translation>显示哪些形状</translation>
        </message>
        <message>
            <source>held-back shapes</source>
            <translation>留出的形状</translation>
        </message>
        <message>
            <source>all shapes</source>
            <translation>全部形状</translation>
        </message>
        <message>
            <source>A quarter of the shapes is held back from every fit, always the same ones: on them a calibration is judged</source>
            <translation>每次拟合都留出同样的四分之一形状，用它们评判校准</translation>
        </message>
        <message>
            <source>Operators of this plan</source>
            <translation>本计划的算子</translation>
        </message>
        <message>
            <source>What was measured</source>
            <translation>测量范围</translation>
        </message>
        <message>
            <source>Errors on held-back samples</source>
            <translation>留出样本上的误差</translation>
        </message>
        <message>
            <source>Measured kernels beside predicted ones</source>
            <translation>实测内核与预测对照</translation>
        </message>
        <message>
            <source>Errors</source>
            <translation>误差</translation>
        </message>
        <message>
            <source>Calibrated range</source>
            <translation>校准范围</translation>
        </message>
        <message>
            <source>Measured kernels</source>
            <translation>实测内核</translation>
        </message>
        <message>
            <source>One by one</source>
            <translation>逐个对照</translation>
        </message>
        <message>
            <source>Open measured kernels</source>
            <translation>打开实测内核</translation>
        </message>
        <message>
            <source>Tables of kernels (*.csv *.csv.gz *.json);;Stores (*.db);;All files (*)</source>
            <translation>内核表 (*.csv *.csv.gz *.json);;存储 (*.db);;所有文件 (*)</translation>
        </message>
        <message>
            <source>reading %1 …</source>
            <translation>正在读取 %1 …</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>Measured times of kernels, to be held against predicted ones</source>
            <translation>内核的实测时间，与预测相对照</translation>
        </message>
        <message>
            <source>%1: %2 kernels, %3 collectives</source>
            <translation>%1：%2 个内核，%3 次集合通信</translation>
        </message>
        <message>
            <source>%1: %2 kernels, %3 held back</source>
            <translation>%1：%2 个内核，其中留出 %3 个</translation>
        </message>
        <message>
            <source>%1, rows left out:</source>
            <translation>%1，略去的行：</translation>
        </message>
        <message>
            <source>device not told</source>
            <translation>未注明设备</translation>
        </message>
        <message>
            <source>%1, %2 (%3)</source>
            <translation>%1，%2（%3）</translation>
        </message>
        <message>
            <source>all operators (%1)</source>
            <translation>全部算子（%1）</translation>
        </message>
        <message>
            <source>Nothing was measured: stated efficiencies</source>
            <translation>未经测量：使用给定效率</translation>
        </message>
        <message>
            <source>What was measured on %1</source>
            <translation>在 %1 上测量的范围</translation>
        </message>
        <message>
            <source>Operators of this plan: %1 % of their time lies in what was measured</source>
            <translation>本计划的算子：其时间的 %1 % 在实测范围内</translation>
        </message>
        <message>
            <source>Operators of this plan: its layout cannot run</source>
            <translation>本计划的算子：其布局无法运行</translation>
        </message>
        <message>
            <source>Forward and backward, of one micro-batch through all layers</source>
            <translation>前向与反向，一个微批次经过所有层</translation>
        </message>
        <message>
            <source>These kernels cannot be shown; those before stay</source>
            <translation>无法显示这些内核；此前的内核保留</translation>
        </message>
        <message>
            <source>These kernels cannot be shown</source>
            <translation>无法显示这些内核</translation>
        </message>
        <message>
            <source>The opened kernels are of %1; they are predicted by its calibration, %2.</source>
            <translation>打开的内核来自 %1，用其校准 %2 预测。</translation>
        </message>
        <message>
            <source>%1 rows left out; the tooltip of the file&apos;s name says why</source>
            <translation>略去 %1 行；原因见文件名的提示</translation>
        </message>
    </context>
    <context>
        <name>flopcast::CommandPalette</name>
        <message>
            <source>Type what you want to do</source>
            <translation>输入要做的事</translation>
        </message>
        <message>
            <source>Command</source>
            <translation>命令</translation>
        </message>
        <message>
            <source>Commands</source>
            <translation>命令列表</translation>
        </message>
    </context>
    <context>
        <name>flopcast::ComparePage</name>
        <message>
            <source>Copy as Markdown</source>
            <translation>复制为 Markdown</translation>
        </message>
        <message>
            <source>Work on it</source>
            <translation>编辑此方案</translation>
        </message>
        <message>
            <source>Unpin</source>
            <translation>取消固定</translation>
        </message>
        <message>
            <source>Baseline</source>
            <translation>基准</translation>
        </message>
        <message>
            <source>Scenario</source>
            <translation>方案</translation>
        </message>
        <message>
            <source>Scenarios side by side</source>
            <translation>方案并列</translation>
        </message>
        <message>
            <source>The scenario becomes the plan that is edited; undo brings yours back</source>
            <translation>此方案成为正在编辑的计划；撤销可恢复原计划</translation>
        </message>
        <message>
            <source>&amp;Baseline</source>
            <translation>基准(&amp;B)</translation>
        </message>
        <message>
            <source>now</source>
            <translation>当前</translation>
        </message>
        <message>
            <source>Pin the plan as it stands (Ctrl+P), then change it: both stand here side by side.</source>
            <translation>先固定当前计划（Ctrl+P），再修改：两者将在此并列。</translation>
        </message>
    </context>
    <context>
        <name>flopcast::CostPage</name>
        <message>
            <source>The same run at listed prices</source>
            <translation>同一训练按各种报价</translation>
        </message>
    </context>
    <context>
        <name>flopcast::EstimatePage</name>
        <message>
            <source>Where the selected number comes from</source>
            <translation>所选数字的来历</translation>
        </message>
        <message>
            <source>Assumptions</source>
            <translation>假设</translation>
        </message>
        <message>
            <source>Numbers of the plan</source>
            <translation>计划的数字</translation>
        </message>
        <message>
            <source>Columns of the numbers</source>
            <translation>数字的列</translation>
        </message>
        <message>
            <source>&amp;Where the number comes from</source>
            <translation>数字的来历(&amp;W)</translation>
        </message>
        <message>
            <source>&amp;Numbers</source>
            <translation>数字(&amp;N)</translation>
        </message>
        <message>
            <source>Select a number to see its formula, what went in and the sources.</source>
            <translation>选择一个数字，查看其公式、输入与来源。</translation>
        </message>
    </context>
    <context>
        <name>flopcast::FieldRow</name>
        <message>
            <source>Back to what the plan says</source>
            <translation>恢复计划中的值</translation>
        </message>
        <message>
            <source>Reset %1</source>
            <translation>重置%1</translation>
        </message>
        <message>
            <source>on</source>
            <translation>启用</translation>
        </message>
        <message>
            <source>changed</source>
            <translation>已改</translation>
        </message>
        <message>
            <source>plan</source>
            <translation>计划</translation>
        </message>
        <message>
            <source>default</source>
            <translation>默认</translation>
        </message>
        <message>
            <source>preset</source>
            <translation>预设</translation>
        </message>
    </context>
    <context>
        <name>flopcast::MainWindow</name>
        <message>
            <source>type changes</source>
            <translation>输入改动</translation>
        </message>
        <message>
            <source>Recovered</source>
            <translation>已恢复</translation>
        </message>
        <message>
            <source>The last session ended without saving; this is the plan as it was.</source>
            <translation>上次未保存即退出；这是当时的计划。</translation>
        </message>
        <message>
            <source>open %1</source>
            <translation>打开 %1</translation>
        </message>
        <message>
            <source>This plan cannot be opened</source>
            <translation>无法打开此计划</translation>
        </message>
        <message>
            <source>new plan</source>
            <translation>新计划</translation>
        </message>
        <message>
            <source>reload</source>
            <translation>重新载入</translation>
        </message>
        <message>
            <source>This plan cannot be read again</source>
            <translation>无法重新读取此计划</translation>
        </message>
        <message>
            <source>cannot be written: %1; choose another folder</source>
            <translation>无法写入：%1；请选择其他文件夹</translation>
        </message>
        <message>
            <source>Written: %1</source>
            <translation>已写入：%1</translation>
        </message>
        <message>
            <source>The plan was not saved; nothing is lost</source>
            <translation>计划未保存；没有丢失任何内容</translation>
        </message>
        <message>
            <source>This plan cannot run</source>
            <translation>此计划无法运行</translation>
        </message>
        <message>
            <source>Take the nearest</source>
            <translation>采用最接近的计划</translation>
        </message>
        <message>
            <source>This cannot be read; the numbers are those before the change</source>
            <translation>无法读取；显示的是改动之前的数字</translation>
        </message>
        <message>
            <source>This plan cannot be read</source>
            <translation>无法读取此计划</translation>
        </message>
        <message>
            <source>Choose a plan</source>
            <translation>选择计划</translation>
        </message>
        <message>
            <source>Take one from the list, or open a plan file of your own; a file may also be dropped on this window.</source>
            <translation>从列表中选择，或打开您自己的计划文件；也可将文件拖放到此窗口。</translation>
        </message>
        <message>
            <source>No plan</source>
            <translation>没有计划</translation>
        </message>
        <message>
            <source>%1, changes: %2</source>
            <translation>%1，改动：%2</translation>
        </message>
        <message>
            <source>Flopcast</source>
            <translation>Flopcast</translation>
        </message>
        <message>
            <source>%1[*] – Flopcast</source>
            <translation>%1[*] – Flopcast</translation>
        </message>
        <message>
            <source>take the nearest plan</source>
            <translation>采用最接近的计划</translation>
        </message>
        <message>
            <source>Pinned as %1: page Compare</source>
            <translation>已固定为 %1：见“比较”页</translation>
        </message>
        <message>
            <source>work on %1</source>
            <translation>编辑 %1</translation>
        </message>
        <message>
            <source>Copied as Markdown</source>
            <translation>已复制为 Markdown</translation>
        </message>
        <message>
            <source>Nothing was exported</source>
            <translation>未导出任何内容</translation>
        </message>
        <message numerus="yes">
            <source>%n plots written</source>
            <translation>
                <numerusform>已写入 %n 幅图</numerusform>
            </translation>
        </message>
        <message>
            <source>Not all plots were exported</source>
            <translation>并非所有图都已导出</translation>
        </message>
        <message>
            <source>&amp;File</source>
            <translation>文件(&amp;F)</translation>
        </message>
        <message>
            <source>&amp;New plan</source>
            <translation>新建计划(&amp;N)</translation>
        </message>
        <message>
            <source>&amp;Open plan…</source>
            <translation>打开计划(&amp;O)…</translation>
        </message>
        <message>
            <source>Open &amp;recent</source>
            <translation>最近打开(&amp;R)</translation>
        </message>
        <message>
            <source>Re&amp;load</source>
            <translation>重新载入(&amp;L)</translation>
        </message>
        <message>
            <source>&amp;Save</source>
            <translation>保存(&amp;S)</translation>
        </message>
        <message>
            <source>Save &amp;as…</source>
            <translation>另存为(&amp;A)…</translation>
        </message>
        <message>
            <source>Ctrl+Shift+S</source>
            <translation>Ctrl+Shift+S</translation>
        </message>
        <message>
            <source>&amp;Copy as Markdown</source>
            <translation>复制为 Markdown(&amp;C)</translation>
        </message>
        <message>
            <source>Ctrl+Shift+C</source>
            <translation>Ctrl+Shift+C</translation>
        </message>
        <message>
            <source>&amp;Export numbers…</source>
            <translation>导出数字(&amp;E)…</translation>
        </message>
        <message>
            <source>Ctrl+E</source>
            <translation>Ctrl+E</translation>
        </message>
        <message>
            <source>Export all &amp;plots…</source>
            <translation>导出所有图(&amp;P)…</translation>
        </message>
        <message>
            <source>Ctrl+Shift+E</source>
            <translation>Ctrl+Shift+E</translation>
        </message>
        <message>
            <source>&amp;Quit</source>
            <translation>退出(&amp;Q)</translation>
        </message>
        <message>
            <source>Ctrl+Q</source>
            <translation>Ctrl+Q</translation>
        </message>
        <message>
            <source>&amp;Edit</source>
            <translation>编辑(&amp;E)</translation>
        </message>
        <message>
            <source>&amp;Undo</source>
            <translation>撤销(&amp;U)</translation>
        </message>
        <message>
            <source>&amp;Redo</source>
            <translation>重做(&amp;R)</translation>
        </message>
        <message>
            <source>Ctrl+Shift+Z</source>
            <translation>Ctrl+Shift+Z</translation>
        </message>
        <message>
            <source>&amp;Pin as a scenario</source>
            <translation>固定为方案(&amp;P)</translation>
        </message>
        <message>
            <source>Ctrl+P</source>
            <translation>Ctrl+P</translation>
        </message>
        <message>
            <source>&amp;Find the fastest layout</source>
            <translation>寻找最快布局(&amp;F)</translation>
        </message>
        <message>
            <source>Ctrl+L</source>
            <translation>Ctrl+L</translation>
        </message>
        <message>
            <source>find the fastest layout</source>
            <translation>寻找最快布局</translation>
        </message>
        <message>
            <source>Find a &amp;field</source>
            <translation>查找字段(&amp;F)</translation>
        </message>
        <message>
            <source>Find a p&amp;lan</source>
            <translation>查找计划(&amp;L)</translation>
        </message>
        <message>
            <source>Ctrl+Shift+F</source>
            <translation>Ctrl+Shift+F</translation>
        </message>
        <message>
            <source>&amp;Changes as text</source>
            <translation>以文本编辑改动(&amp;C)</translation>
        </message>
        <message>
            <source>Ctrl+T</source>
            <translation>Ctrl+T</translation>
        </message>
        <message>
            <source>&amp;All commands…</source>
            <translation>所有命令(&amp;A)…</translation>
        </message>
        <message>
            <source>Ctrl+K</source>
            <translation>Ctrl+K</translation>
        </message>
        <message>
            <source>&amp;View</source>
            <translation>视图(&amp;V)</translation>
        </message>
        <message>
            <source>&amp;Reset layout</source>
            <translation>重置布局(&amp;R)</translation>
        </message>
        <message>
            <source>&amp;Theme</source>
            <translation>主题(&amp;T)</translation>
        </message>
        <message>
            <source>&amp;System</source>
            <translation>跟随系统(&amp;S)</translation>
        </message>
        <message>
            <source>&amp;Light</source>
            <translation>浅色(&amp;L)</translation>
        </message>
        <message>
            <source>&amp;Dark</source>
            <translation>深色(&amp;D)</translation>
        </message>
        <message>
            <source>&amp;Clear the list</source>
            <translation>清空列表(&amp;C)</translation>
        </message>
        <message>
            <source>Open a plan</source>
            <translation>打开计划</translation>
        </message>
        <message>
            <source>Plans (*.toml)</source>
            <translation>计划 (*.toml)</translation>
        </message>
        <message>
            <source>Plans and models (*.toml *.json)</source>
            <translation>计划和模型 (*.toml *.json)</translation>
        </message>
        <message>
            <source>Save the plan</source>
            <translation>保存计划</translation>
        </message>
        <message>
            <source>Export numbers</source>
            <translation>导出数字</translation>
        </message>
        <message>
            <source>Markdown (*.md)</source>
            <translation>Markdown (*.md)</translation>
        </message>
        <message>
            <source>CSV (*.csv)</source>
            <translation>CSV (*.csv)</translation>
        </message>
        <message>
            <source>JSON (*.json)</source>
            <translation>JSON (*.json)</translation>
        </message>
        <message>
            <source>Export the plot</source>
            <translation>导出图</translation>
        </message>
        <message>
            <source>PNG picture (*.png)</source>
            <translation>PNG 图片 (*.png)</translation>
        </message>
        <message>
            <source>SVG picture (*.svg)</source>
            <translation>SVG 图片 (*.svg)</translation>
        </message>
        <message>
            <source>PDF (*.pdf)</source>
            <translation>PDF (*.pdf)</translation>
        </message>
        <message>
            <source>Export all plots: names and folder follow this one</source>
            <translation>导出所有图：文件夹与格式以此为准</translation>
        </message>
        <message>
            <source>SVG pictures (*.svg)</source>
            <translation>SVG 图片 (*.svg)</translation>
        </message>
        <message>
            <source>PNG pictures (*.png)</source>
            <translation>PNG 图片 (*.png)</translation>
        </message>
        <message>
            <source>Field › %1 › %2</source>
            <translation>字段 › %1 › %2</translation>
        </message>
        <message>
            <source>Open › %1</source>
            <translation>打开 › %1</translation>
        </message>
        <message>
            <source>Plan</source>
            <translation>计划</translation>
        </message>
        <message>
            <source>Results</source>
            <translation>结果</translation>
        </message>
        <message>
            <source>is no file; choose another name</source>
            <translation>不是文件；请换一个名称</translation>
        </message>
    </context>
    <context>
        <name>flopcast::MessageArea</name>
        <message>
            <source>Message</source>
            <translation>消息</translation>
        </message>
    </context>
    <context>
        <name>flopcast::PlanDocument</name>
        <message>
            <source>save</source>
            <translation>保存</translation>
        </message>
    </context>
    <context>
        <name>flopcast::PlanEditor</name>
        <message>
            <source>Fields</source>
            <translation>字段</translation>
        </message>
        <message>
            <source>Plans</source>
            <translation>计划</translation>
        </message>
        <message>
            <source>Changes</source>
            <translation>改动</translation>
        </message>
        <message>
            <source>Find a field</source>
            <translation>查找字段</translation>
        </message>
        <message>
            <source>reset %1</source>
            <translation>重置%1</translation>
        </message>
        <message>
            <source>Filter</source>
            <translation>筛选</translation>
        </message>
        <message>
            <source>Filter of the shipped plans</source>
            <translation>筛选自带计划</translation>
        </message>
        <message>
            <source>Shipped plans</source>
            <translation>自带计划</translation>
        </message>
        <message>
            <source>A plan file of your own may be dropped on the window.</source>
            <translation>可将您自己的计划文件拖放到窗口。</translation>
        </message>
        <message>
            <source>Changes of the plan</source>
            <translation>计划的改动</translation>
        </message>
        <message>
            <source>Everything that differs from the plan&apos;s file: key=value, one a line, as after --set; -key takes a key away.</source>
            <translation>与计划文件的所有不同：每行一个 key=value，同 --set；-key 去掉一个键。</translation>
        </message>
        <message>
            <source>change %1</source>
            <translation>修改%1</translation>
        </message>
    </context>
    <context>
        <name>flopcast::PlanListModel</name>
        <message>
            <source>%1
%2</source>
            <translation>%1
%2</translation>
        </message>
    </context>
    <context>
        <name>flopcast::PresetsPage</name>
        <message>
            <source>Kind of presets</source>
            <translation>预设种类</translation>
        </message>
        <message>
            <source>Words that must occur</source>
            <translation>须出现的词</translation>
        </message>
        <message>
            <source>Search in presets</source>
            <translation>在预设中搜索</translation>
        </message>
        <message>
            <source>Presets</source>
            <translation>预设</translation>
        </message>
        <message>
            <source>Facts of the preset, with sources</source>
            <translation>预设的内容及来源</translation>
        </message>
        <message>
            <source>id</source>
            <translation>标识</translation>
        </message>
        <message>
            <source>name</source>
            <translation>名称</translation>
        </message>
        <message>
            <source>more</source>
            <translation>其他</translation>
        </message>
        <message numerus="yes">
            <source>%n found</source>
            <translation>
                <numerusform>找到 %n 项</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>flopcast::ResultCard</name>
        <message>
            <source>Share of the GPU&apos;s memory</source>
            <translation>占 GPU 显存的份额</translation>
        </message>
        <message>
            <source>memory: too much</source>
            <translation>显存：超出</translation>
        </message>
        <message>
            <source>memory per GPU</source>
            <translation>每 GPU 显存</translation>
        </message>
    </context>
    <context>
        <name>flopcast::ResultCards</name>
        <message>
            <source>model FLOPs</source>
            <translation>模型 FLOPs</translation>
        </message>
        <message>
            <source>memory per GPU</source>
            <translation>每 GPU 显存</translation>
        </message>
        <message>
            <source>step</source>
            <translation>每步</translation>
        </message>
        <message>
            <source>wall clock</source>
            <translation>总时长</translation>
        </message>
        <message>
            <source>GPU time held</source>
            <translation>占用 GPU 时</translation>
        </message>
        <message>
            <source>total cost</source>
            <translation>总成本</translation>
        </message>
        <message>
            <source>energy</source>
            <translation>能耗</translation>
        </message>
        <message>
            <source>CO2 equivalent</source>
            <translation>二氧化碳当量</translation>
        </message>
        <message>
            <source>expected loss</source>
            <translation>预期损失</translation>
        </message>
    </context>
    <context>
        <name>flopcast::ResultModel</name>
        <message>
            <source>Quantity</source>
            <translation>量</translation>
        </message>
        <message>
            <source>Value</source>
            <translation>值</translation>
        </message>
        <message>
            <source>Share</source>
            <translation>份额</translation>
        </message>
    </context>
    <context>
        <name>flopcast::ScalingPage</name>
        <message>
            <source>The plan by number of GPUs</source>
            <translation>按 GPU 数量看计划</translation>
        </message>
    </context>
    <context>
        <name>Files</name>
        <message>
            <source>cannot tell the format from the name; end it in .png, .svg, .pdf or .csv</source>
            <translation>无法从文件名判断格式；请以 .png、.svg、.pdf 或 .csv 结尾</translation>
        </message>
        <message>
            <source>cannot be written: %1</source>
            <translation>无法写入：%1</translation>
        </message>
    </context>
    <context>
        <name>Laws</name>
        <message>
            <source>Loss by model size at each budget</source>
            <translation>各预算下损失与模型规模</translation>
        </message>
        <message>
            <source>Best loss for a budget</source>
            <translation>预算下的最低损失</translation>
        </message>
        <message>
            <source>The law against the runs</source>
            <translation>定律与实际运行</translation>
        </message>
        <message>
            <source>What the law leaves over</source>
            <translation>定律的残差</translation>
        </message>
        <message>
            <source>parameters</source>
            <translation>参数量</translation>
        </message>
        <message>
            <source>compute (FLOP)</source>
            <translation>计算量（FLOP）</translation>
        </message>
        <message>
            <source>scale of the run</source>
            <translation>运行规模</translation>
        </message>
        <message>
            <source>loss (nats/token)</source>
            <translation>损失（nats/token）</translation>
        </message>
        <message>
            <source>loss of the law (nats/token)</source>
            <translation>定律的损失（nats/token）</translation>
        </message>
        <message>
            <source>loss of the run (nats/token)</source>
            <translation>运行的损失（nats/token）</translation>
        </message>
        <message>
            <source>law over run, less 1 (%)</source>
            <translation>定律与运行之比减 1（%）</translation>
        </message>
        <message>
            <source>best of each budget</source>
            <translation>各预算最优</translation>
        </message>
        <message>
            <source>best for the budget</source>
            <translation>该预算最优</translation>
        </message>
        <message>
            <source>80 % of the law</source>
            <translation>定律的 80 % 区间</translation>
        </message>
        <message>
            <source>95 % of the law</source>
            <translation>定律的 95 % 区间</translation>
        </message>
        <message>
            <source>95 % of runs</source>
            <translation>运行的 95 % 区间</translation>
        </message>
        <message>
            <source>this plan</source>
            <translation>本计划</translation>
        </message>
        <message>
            <source>equal</source>
            <translation>相等</translation>
        </message>
        <message>
            <source>runs</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>law</source>
            <translation>定律</translation>
        </message>
        <message>
            <source>best for this compute: parameters</source>
            <translation>同计算量最优：参数量</translation>
        </message>
        <message>
            <source>best for this compute: tokens</source>
            <translation>同计算量最优：token 数</translation>
        </message>
        <message>
            <source>best for this compute: tokens per parameter</source>
            <translation>同计算量最优：每参数 token 数</translation>
        </message>
        <message>
            <source>best for this compute: loss</source>
            <translation>同计算量最优：损失</translation>
        </message>
        <message>
            <source>loss given away by this size</source>
            <translation>因规模而多出的损失</translation>
        </message>
        <message>
            <source>loss lost by twice the best size</source>
            <translation>规模为最优两倍时多出的损失</translation>
        </message>
        <message>
            <source>This law does not divide a budget between size and data</source>
            <translation>此定律不在规模与数据间分配预算</translation>
        </message>
        <message>
            <source>These runs do not allow this plot</source>
            <translation>这些运行无法作此图</translation>
        </message>
        <message>
            <source>what</source>
            <translation>项目</translation>
        </message>
        <message>
            <source>P10</source>
            <translation>P10</translation>
        </message>
        <message>
            <source>value</source>
            <translation>值</translation>
        </message>
        <message>
            <source>P90</source>
            <translation>P90</translation>
        </message>
        <message>
            <source>loss of this plan (nats/token)</source>
            <translation>本计划的损失（nats/token）</translation>
        </message>
        <message>
            <source>parameters, as the law counts them</source>
            <translation>参数量，按定律口径</translation>
        </message>
        <message>
            <source>training tokens</source>
            <translation>训练 token 数</translation>
        </message>
        <message>
            <source>tokens per parameter</source>
            <translation>每参数 token 数</translation>
        </message>
        <message>
            <source>compute, 6ND (FLOP)</source>
            <translation>计算量，6ND（FLOP）</translation>
        </message>
        <message>
            <source>stated by the paper: parameters</source>
            <translation>论文给出：参数量</translation>
        </message>
        <message>
            <source>stated by the paper: tokens</source>
            <translation>论文给出：token 数</translation>
        </message>
        <message>
            <source>parameter</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>standard error</source>
            <translation>标准误差</translation>
        </message>
        <message>
            <source>95 % from</source>
            <translation>95 % 下限</translation>
        </message>
        <message>
            <source>95 % to</source>
            <translation>95 % 上限</translation>
        </message>
        <message>
            <source>remark</source>
            <translation>备注</translation>
        </message>
        <message>
            <source>not identified: %1</source>
            <translation>不可辨识：%1</translation>
        </message>
        <message>
            <source>held</source>
            <translation>固定</translation>
        </message>
    </context>
    <context>
        <name>Pictures</name>
        <message>
            <source>bubble: the stage waits</source>
            <translation>气泡：该阶段在等待</translation>
        </message>
        <message>
            <source>stage %1</source>
            <translation>阶段 %1</translation>
        </message>
        <message>
            <source>time since the step began (%1)</source>
            <translation>自步开始的时间（%1）</translation>
        </message>
    </context>
    <context>
        <name>Tables</name>
        <message>
            <source>%1, low</source>
            <translation>%1，下限</translation>
        </message>
        <message>
            <source>%1, high</source>
            <translation>%1，上限</translation>
        </message>
    </context>
    <context>
        <name>Timelines</name>
        <message>
            <source>Saved activations, stage %1</source>
            <translation>保存的激活值，阶段 %1</translation>
        </message>
        <message>
            <source>This layout has no step</source>
            <translation>此布局无法得出一步</translation>
        </message>
        <message>
            <source>saved activations (GB)</source>
            <translation>保存的激活值（GB）</translation>
        </message>
        <message>
            <source>time since the step began (ms)</source>
            <translation>自步开始的时间（ms）</translation>
        </message>
        <message>
            <source>time since the step began (s)</source>
            <translation>自步开始的时间（s）</translation>
        </message>
        <message>
            <source>peak %1</source>
            <translation>峰值 %1</translation>
        </message>
        <message>
            <source>forward</source>
            <translation>前向</translation>
        </message>
        <message>
            <source>backward</source>
            <translation>反向</translation>
        </message>
        <message>
            <source>input gradient</source>
            <translation>输入梯度</translation>
        </message>
        <message>
            <source>weight gradient</source>
            <translation>权重梯度</translation>
        </message>
        <message>
            <source>forward message</source>
            <translation>前向消息</translation>
        </message>
        <message>
            <source>backward message</source>
            <translation>反向消息</translation>
        </message>
        <message>
            <source>weights gathered</source>
            <translation>聚集权重</translation>
        </message>
        <message>
            <source>gradients scattered</source>
            <translation>分散梯度</translation>
        </message>
        <message>
            <source>gradients exchanged</source>
            <translation>交换梯度</translation>
        </message>
        <message>
            <source>optimizer</source>
            <translation>优化器</translation>
        </message>
        <message>
            <source>compute</source>
            <translation>计算</translation>
        </message>
        <message>
            <source>paired compute</source>
            <translation>配对计算</translation>
        </message>
        <message>
            <source>forward messages</source>
            <translation>前向消息</translation>
        </message>
        <message>
            <source>backward messages</source>
            <translation>反向消息</translation>
        </message>
        <message>
            <source>data-parallel</source>
            <translation>数据并行</translation>
        </message>
    </context>
    <context>
        <name>flopcast::FigurePanel</name>
        <message>
            <source>Table</source>
            <translation>表格</translation>
        </message>
        <message>
            <source>The same numbers as a table</source>
            <translation>以表格显示同样的数</translation>
        </message>
        <message>
            <source>Export…</source>
            <translation>导出…</translation>
        </message>
        <message>
            <source>This plot as PNG, SVG, PDF or CSV</source>
            <translation>将此图导出为 PNG、SVG、PDF 或 CSV</translation>
        </message>
    </context>
    <context>
        <name>flopcast::LawPage</name>
        <message>
            <source>Fit my runs…</source>
            <translation>拟合我的运行…</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>Scaling law</source>
            <translation>缩放定律</translation>
        </message>
        <message>
            <source>A table of training runs with size, data and loss: CSV or JSON lines; it may also be dropped on the window</source>
            <translation>含规模、数据与损失的训练运行表：CSV 或 JSON 行；也可拖放到窗口</translation>
        </message>
        <message>
            <source>Form of the law that is fitted</source>
            <translation>拟合定律的形式</translation>
        </message>
        <message>
            <source>Columns of the table</source>
            <translation>表的列</translation>
        </message>
        <message>
            <source>Which columns of the table mean what, where they are not called N, D or C, and loss</source>
            <translation>表中各列的含义，若列名不是 N、D 或 C 与 loss</translation>
        </message>
        <message>
            <source>&amp;Law</source>
            <translation>定律(&amp;L)</translation>
        </message>
        <message>
            <source>&amp;Form</source>
            <translation>形式(&amp;F)</translation>
        </message>
        <message>
            <source>&amp;Columns</source>
            <translation>列(&amp;C)</translation>
        </message>
        <message>
            <source>What the law says of this plan</source>
            <translation>定律对本计划的预测</translation>
        </message>
        <message>
            <source>Parameters of the fit</source>
            <translation>拟合参数</translation>
        </message>
        <message>
            <source>This plan</source>
            <translation>本计划</translation>
        </message>
        <message>
            <source>Open a table of runs</source>
            <translation>打开运行表</translation>
        </message>
        <message>
            <source>Tables of runs (*.csv *.jsonl *.json *.gz)</source>
            <translation>运行表 (*.csv *.jsonl *.json *.gz)</translation>
        </message>
        <message>
            <source>fitting %1 …</source>
            <translation>正在拟合 %1 …</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>%1: %2 runs, %3 of %4 starts agree</source>
            <translation>%1：%2 次运行，%4 个起点中 %3 个一致</translation>
        </message>
        <message>
            <source>fitted to %1</source>
            <translation>拟合自 %1</translation>
        </message>
        <message>
            <source>These runs cannot be fitted; the law before stays</source>
            <translation>无法拟合这些运行；之前的定律保留</translation>
        </message>
        <message>
            <source>The field Columns says which columns mean what.</source>
            <translation>“列”字段说明各列的含义。</translation>
        </message>
        <message>
            <source>This law tells nothing of this plan</source>
            <translation>此定律对本计划无可预测</translation>
        </message>
        <message>
            <source>To be taken with care</source>
            <translation>需谨慎对待</translation>
        </message>
        <message>
            <source>Fit to runs</source>
            <translation>拟合运行</translation>
        </message>
        <message>
            <source>Errors of the fit</source>
            <translation>拟合误差</translation>
        </message>
    </context>
    <context>
        <name>flopcast::StepPage</name>
        <message>
            <source>stage </source>
            <translation>阶段 </translation>
        </message>
        <message>
            <source>Pipeline stage</source>
            <translation>流水线阶段</translation>
        </message>
        <message>
            <source>The stage whose memory is shown; the first one holds most</source>
            <translation>显示其显存的阶段；首阶段占用最多</translation>
        </message>
        <message>
            <source>This step has too many tasks to be simulated here</source>
            <translation>此步任务过多，无法在此模拟</translation>
        </message>
    </context>
    <context>
        <name>flopcast::TimelinePage</name>
        <message>
            <source>Wheel: zoom in time; with Ctrl: higher rows; with Shift, or drag: move; double click: all. Hover tells a task.</source>
            <translation>滚轮：缩放时间；Ctrl：加高各行；Shift 或拖动：移动；双击：全部。悬停显示任务。</translation>
        </message>
        <message>
            <source>Timeline of a step</source>
            <translation>一步的时间线</translation>
        </message>
        <message>
            <source>This layout has no step</source>
            <translation>此布局无法得出一步</translation>
        </message>
        <message>
            <source>This step has about %1 million tasks, more than are shown here (%2 million). &quot;flopcast trace&quot; writes them all; a larger micro-batch makes fewer.</source>
            <translation>此步约有 %1 百万个任务，超过此处可显示的 %2 百万。“flopcast trace”可全部写出；增大微批次可减少任务。</translation>
        </message>
        <message>
            <source>Timeline of a step: schedule %1, %2 stages, %3 micro-batches, %4 % waiting</source>
            <translation>一步的时间线：调度 %1，%2 个阶段，%3 个微批次，%4 % 等待</translation>
        </message>
    </context>
    <context>
        <name>flopcast::TimelineTaskModel</name>
        <message>
            <source>stage</source>
            <translation>阶段</translation>
        </message>
        <message>
            <source>lane</source>
            <translation>通道</translation>
        </message>
        <message>
            <source>task</source>
            <translation>任务</translation>
        </message>
        <message>
            <source>micro-batch</source>
            <translation>微批次</translation>
        </message>
        <message>
            <source>chunk</source>
            <translation>块</translation>
        </message>
        <message>
            <source>start (ms)</source>
            <translation>开始（ms）</translation>
        </message>
        <message>
            <source>duration (ms)</source>
            <translation>时长（ms）</translation>
        </message>
    </context>
    <context>
        <name>flopcast::TimelineView</name>
        <message>
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>Stages</source>
            <translation>阶段</translation>
        </message>
        <message>
            <source>stage %1, %2</source>
            <translation>阶段 %1，%2</translation>
        </message>
        <message>
            <source>bubble: %1</source>
            <translation>气泡：%1</translation>
        </message>
        <message>
            <source>nothing: %1</source>
            <translation>空闲：%1</translation>
        </message>
        <message>
            <source>, micro-batch %1</source>
            <translation>，微批次 %1</translation>
        </message>
        <message>
            <source>, chunk %1</source>
            <translation>，块 %1</translation>
        </message>
    </context>
    <context>
        <name>Kernels</name>
        <message>
            <source>forward</source>
            <translation>前向</translation>
        </message>
        <message>
            <source>backward</source>
            <translation>反向</translation>
        </message>
        <message>
            <source>%1 of %2</source>
            <translation>%1 / %2</translation>
        </message>
        <message>
            <source>%1: %2 held back</source>
            <translation>%1：%2 个留出内核</translation>
        </message>
        <message>
            <source>%1: %2 kernels</source>
            <translation>%1：%2 个内核</translation>
        </message>
        <message>
            <source>expected, P10 to P90</source>
            <translation>预期，P10 至 P90</translation>
        </message>
        <message>
            <source>heads x sequences</source>
            <translation>头数 x 序列数</translation>
        </message>
        <message>
            <source>experts</source>
            <translation>专家数</translation>
        </message>
        <message>
            <source>queries</source>
            <translation>查询数</translation>
        </message>
        <message>
            <source>rows</source>
            <translation>行</translation>
        </message>
        <message>
            <source>keys</source>
            <translation>键数</translation>
        </message>
        <message>
            <source>columns</source>
            <translation>列</translation>
        </message>
        <message>
            <source>width of a head</source>
            <translation>头宽</translation>
        </message>
        <message>
            <source>depth</source>
            <translation>深度</translation>
        </message>
        <message>
            <source>traffic</source>
            <translation>访存量</translation>
        </message>
        <message>
            <source>%1 times the most</source>
            <translation>为最大值的 %1 倍</translation>
        </message>
        <message>
            <source>%1 of the least</source>
            <translation>为最小值的 %1 倍</translation>
        </message>
        <message>
            <source>data</source>
            <translation>数据量</translation>
        </message>
        <message>
            <source>ranks</source>
            <translation>进程数</translation>
        </message>
        <message>
            <source>inside</source>
            <translation>范围内</translation>
        </message>
        <message>
            <source>not measured: timed as another class</source>
            <translation>未测量：按另一类算子计时</translation>
        </message>
        <message>
            <source>not measured: a stated share of the datasheet</source>
            <translation>未测量：取标称值的给定比例</translation>
        </message>
        <message>
            <source>outside: %1</source>
            <translation>范围外：%1</translation>
        </message>
        <message>
            <source>Predicted</source>
            <translation>预测</translation>
        </message>
        <message>
            <source>measured time (us)</source>
            <translation>实测时间（us）</translation>
        </message>
        <message>
            <source>predicted time (us)</source>
            <translation>预测时间（us）</translation>
        </message>
        <message>
            <source>No kernel of this choice was measured</source>
            <translation>所选范围内没有实测内核</translation>
        </message>
        <message>
            <source>as measured</source>
            <translation>与实测一致</translation>
        </message>
        <message>
            <source>Errors</source>
            <translation>误差</translation>
        </message>
        <message>
            <source>error (%)</source>
            <translation>误差（%）</translation>
        </message>
        <message>
            <source>operators and collectives</source>
            <translation>算子与集合通信</translation>
        </message>
        <message>
            <source>size</source>
            <translation>尺寸</translation>
        </message>
        <message>
            <source>lowest</source>
            <translation>最低</translation>
        </message>
        <message>
            <source>highest</source>
            <translation>最高</translation>
        </message>
        <message>
            <source>samples</source>
            <translation>样本数</translation>
        </message>
        <message>
            <source>inside a domain</source>
            <translation>域内</translation>
        </message>
        <message>
            <source>between domains</source>
            <translation>域间</translation>
        </message>
        <message>
            <source>operator</source>
            <translation>算子</translation>
        </message>
        <message>
            <source>shape</source>
            <translation>形状</translation>
        </message>
        <message>
            <source>share of time</source>
            <translation>时间占比</translation>
        </message>
        <message>
            <source>time of one</source>
            <translation>单次时间</translation>
        </message>
        <message>
            <source>measured range</source>
            <translation>实测范围</translation>
        </message>
    </context>
    <context>
        <name>flopcast::KernelModel</name>
        <message>
            <source>held back</source>
            <translation>留出</translation>
        </message>
        <message>
            <source>fitted</source>
            <translation>参与拟合</translation>
        </message>
        <message>
            <source>A quarter of the shapes is held back from every fit, always the same ones: on them a calibration is judged</source>
            <translation>每次拟合都留出同样的四分之一形状，用它们评判校准</translation>
        </message>
        <message>
            <source>operator</source>
            <translation>算子</translation>
        </message>
        <message>
            <source>shape</source>
            <translation>形状</translation>
        </message>
        <message>
            <source>measured</source>
            <translation>实测</translation>
        </message>
        <message>
            <source>predicted / measured - 1</source>
            <translation>预测 / 实测 - 1</translation>
        </message>
        <message>
            <source>predicted</source>
            <translation>预测</translation>
        </message>
        <message>
            <source>error</source>
            <translation>误差</translation>
        </message>
        <message>
            <source>part</source>
            <translation>部分</translation>
        </message>
        <message>
            <source>measured range</source>
            <translation>实测范围</translation>
        </message>
    </context>
</TS>
